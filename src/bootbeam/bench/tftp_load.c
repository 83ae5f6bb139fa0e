/* A TFTP client that is many clients: the same load for every server that `make bench` compares.
 *
 * In C, because it must never be what is measured: it costs a fraction of the quickest server's time per block. Each
 * client is one socket, connected once its server has answered from a port of its own; all are seen to in one epoll
 * loop. A block is checked by its number, its length and its first four bytes: the file holds its own offsets, as 32
 * bit little endian numbers of 4 byte words. Nothing is kept of it.
 *
 * Like real machines they have addresses of their own: FIRST_SOURCE, the next one, and so on, all of which must be
 * this computer's.
 *
 *   tftp_load ADDRESS PORT FILE SIZE_BYTES BLKSIZE WINDOWSIZE CLIENTS TIMEOUT_S FIRST_SOURCE
 *
 * One line of JSON comes out: {"seconds": ..., "bytes": ..., ...}; exit status 1 when not all clients got the file.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RRQ = 1, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };
enum { MAX_BATCH = 64, HEAD_BYTES = 8, MAX_PAYLOAD = 65536, MAX_EVENTS = 256 };
#define SPIN_S 0.0005 /* so long a lock-step client looks for the next block without sleeping: waking up would be a part of what is
                         measured. With windows it would only fetch the blocks one by one instead of all at once. */
#define RETRY_S 1.0
#define MAX_TRIES 8

struct client {
    int fd, is_connected, is_done, tries;
    uint32_t acked;      /* last block got in order, absolute */
    uint32_t window_end; /* the block that is to be acknowledged next */
    uint32_t blksize, windowsize, last_block;
    double heard_at, finished_at;
};

static struct sockaddr_in server;
static char request[512];
static size_t request_bytes;
static uint64_t size_bytes, retries, gaps, packets;
static uint32_t granted_blksize, granted_windowsize;
static int remaining;
static unsigned char heads[MAX_BATCH][HEAD_BYTES], payload[MAX_PAYLOAD];
static struct iovec vectors[MAX_BATCH][2];
static struct mmsghdr batch[MAX_BATCH];

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void die(const char *what) {
    fprintf(stderr, "tftp_load: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void ask(struct client *c) {
    if (sendto(c->fd, request, request_bytes, 0, (struct sockaddr *)&server, sizeof server) < 0 && errno != ECONNREFUSED)
        die("sending the request");
}

static void acknowledge(struct client *c) {
    unsigned char ack[4] = {0, ACK, c->acked >> 8, c->acked};
    c->window_end = c->acked + c->windowsize;
    if (c->window_end > c->last_block)
        c->window_end = c->last_block;
    if (send(c->fd, ack, 4, 0) < 0 && errno != ECONNREFUSED)
        die("sending an ACK");
}

static void agree(struct client *c, const unsigned char *oack, size_t n) {
    const char *at = (const char *)oack + 2, *end = (const char *)oack + n;
    c->blksize = 512;
    c->windowsize = 1;
    while (at < end) {
        const char *value = at + strnlen(at, end - at) + 1;
        if (value >= end)
            break;
        if (!strcasecmp(at, "blksize"))
            c->blksize = atoi(value);
        if (!strcasecmp(at, "windowsize"))
            c->windowsize = atoi(value);
        at = value + strnlen(value, end - value) + 1;
    }
    c->last_block = size_bytes / c->blksize + 1;
    granted_blksize = c->blksize;
    granted_windowsize = c->windowsize;
}

static void finish(struct client *c, double now) {
    c->is_done = 1;
    c->finished_at = now;
    remaining--;
}

/* The first answer: from a port of the server's own choice, which is the transfer's from then on. */
static void on_first(struct client *c, double now) {
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    static unsigned char data[MAX_PAYLOAD];
    ssize_t n = recvfrom(c->fd, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
    if (n < 4)
        return;
    if (data[1] == ERROR) {
        fprintf(stderr, "tftp_load: refused: %.*s\n", (int)(n - 4), data + 4);
        exit(2);
    }
    if (connect(c->fd, (struct sockaddr *)&from, sizeof from) < 0)
        die("connect");
    c->is_connected = 1;
    c->heard_at = now;
    c->tries = 0;
    if (data[1] == OACK) {
        agree(c, data, n);
    } else {
        agree(c, data, 0);
        c->acked = 1;
        packets++;
        if (c->last_block == 1)
            finish(c, now);
    }
    acknowledge(c);
}

static int is_right(struct client *c, uint32_t block, const unsigned char *head, size_t n) {
    uint64_t offset = (uint64_t)(block - 1) * c->blksize;
    uint64_t want = block == c->last_block ? size_bytes - offset : c->blksize;
    uint32_t word;
    if (n != want + 4)
        return 0;
    if (want < 4 || c->blksize % 4)
        return 1;
    memcpy(&word, head + 4, 4);
    return word == (uint32_t)(offset / 4);
}

static void on_block(struct client *c, const unsigned char *head, size_t n, double now) {
    uint32_t block = c->acked + 1;
    if (n < 4 || head[1] != DATA)
        return;
    packets++;
    if (head[2] != (unsigned char)(block >> 8) || head[3] != (unsigned char)block) {
        uint16_t ahead = (uint16_t)((head[2] << 8 | head[3]) - (c->acked & 0xffff));
        if (ahead > 1 && ahead <= c->windowsize && c->acked + ahead == c->window_end) {
            gaps++; /* the window's last block came, and one before it did not (RFC 7440 section 4) */
            acknowledge(c);
        }
        return;
    }
    if (!is_right(c, block, head, n)) {
        fprintf(stderr, "tftp_load: block %u is not what the file holds there (%zu bytes)\n", block, n);
        exit(2);
    }
    c->acked = block;
    if (block == c->last_block)
        finish(c, now);
    if (block >= c->window_end)
        acknowledge(c);
}

static void on_readable(struct client *c, double now) {
    int wanted = c->windowsize < MAX_BATCH ? (int)c->windowsize : MAX_BATCH;
    int got;
    if (!c->is_connected) {
        on_first(c, now);
        return;
    }
    if (wanted == 1) {
        struct msghdr *m = &batch[0].msg_hdr;
        ssize_t n = recvmsg(c->fd, m, MSG_DONTWAIT);
        if (n > 0)
            on_block(c, heads[0], n, now);
        got = n > 0;
    } else {
        got = recvmmsg(c->fd, batch, wanted, MSG_DONTWAIT, NULL);
        for (int i = 0; i < got; i++)
            on_block(c, heads[i], batch[i].msg_len, now);
    }
    if (got > 0) {
        c->heard_at = now;
        c->tries = 0;
    }
}

static void on_silence(struct client *c, double now) {
    if (c->is_done || now - c->heard_at < RETRY_S)
        return;
    if (c->tries++ >= MAX_TRIES) {
        fprintf(stderr, "tftp_load: a client heard nothing any more after block %u\n", c->acked);
        exit(2);
    }
    retries++;
    c->heard_at = now;
    if (c->is_connected)
        acknowledge(c);
    else
        ask(c);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 10) {
        fprintf(stderr, "tftp_load ADDRESS PORT FILE SIZE_BYTES BLKSIZE WINDOWSIZE CLIENTS TIMEOUT_S FIRST_SOURCE\n");
        return 2;
    }
    server.sin_family = AF_INET;
    server.sin_port = htons(atoi(argv[2]));
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1)
        die(argv[1]);
    struct sockaddr_in source = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, argv[9], &source.sin_addr) != 1)
        die(argv[9]);
    uint32_t first_source = ntohl(source.sin_addr.s_addr);
    size_bytes = strtoull(argv[4], NULL, 10);
    int blksize = atoi(argv[5]), windowsize = atoi(argv[6]), clients = atoi(argv[7]);
    double timeout_s = atof(argv[8]);
    char *at = request + 2, *end = request + sizeof request;
    request[1] = RRQ;
    at += snprintf(at, end - at, "%s%coctet", argv[3], 0) + 1;
    if (blksize != 512)
        at += snprintf(at, end - at, "blksize%c%d", 0, blksize) + 1;
    if (windowsize != 1)
        at += snprintf(at, end - at, "windowsize%c%d", 0, windowsize) + 1;
    request_bytes = at - request;
    for (int i = 0; i < MAX_BATCH; i++) {
        vectors[i][0] = (struct iovec){heads[i], HEAD_BYTES};
        vectors[i][1] = (struct iovec){payload, MAX_PAYLOAD};
        batch[i].msg_hdr = (struct msghdr){.msg_iov = vectors[i], .msg_iovlen = 2};
    }
    int epoll = epoll_create1(0);
    struct client *all = calloc(clients, sizeof *all);
    double *times = calloc(clients, sizeof *times);
    int room = 2 * windowsize * (blksize + 1024) + 65536;
    for (int i = 0; i < clients; i++) {
        all[i].fd = socket(AF_INET, SOCK_DGRAM, 0);
        if (all[i].fd < 0)
            die("socket");
        source.sin_addr.s_addr = htonl(first_source + i);
        if (bind(all[i].fd, (struct sockaddr *)&source, sizeof source) < 0)
            die("bind");
        if (setsockopt(all[i].fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
            setsockopt(all[i].fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = &all[i]};
        epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &wanted);
    }
    remaining = clients;
    double start = now_s(), looked_at = start, now = start, busy_at = start;
    for (int i = 0; i < clients; i++) {
        all[i].heard_at = start;
        ask(&all[i]);
    }
    while (remaining > 0 && now - start < timeout_s) {
        struct epoll_event events[MAX_EVENTS];
        int n = epoll_wait(epoll, events, MAX_EVENTS, granted_windowsize <= 1 && now - busy_at < SPIN_S ? 0 : 200);
        now = now_s();
        if (n > 0)
            busy_at = now;
        for (int i = 0; i < n; i++)
            on_readable(events[i].data.ptr, now);
        if (now - looked_at > 0.2) {
            looked_at = now;
            for (int i = 0; i < clients; i++)
                on_silence(&all[i], now);
        }
    }
    now = now_s();
    for (int i = 0; i < clients; i++)
        times[i] = all[i].is_done ? all[i].finished_at - start : timeout_s;
    qsort(times, clients, sizeof *times, compare);
    printf("{\"seconds\": %.6f, \"bytes\": %llu, \"unfinished\": %d, \"blksize\": %u, \"windowsize\": %u, "
           "\"packets\": %llu, \"retries\": %llu, \"gaps\": %llu, \"median_s\": %.6f, \"slowest_s\": %.6f}\n",
           now - start, (unsigned long long)(size_bytes * (clients - remaining)), remaining, granted_blksize,
           granted_windowsize, (unsigned long long)packets, (unsigned long long)retries, (unsigned long long)gaps,
           times[clients / 2], times[clients - 1]);
    return remaining ? 1 : 0;
}
