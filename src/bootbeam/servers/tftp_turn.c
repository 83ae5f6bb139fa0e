/* The quickest way from an ACK to the next window: what bootbeam.servers.tftp does in Python, without Python.
 *
 * Optional. It is built when bootbeam is installed on a computer with a C compiler (hatch_build.py), and called through
 * ctypes, so that Python's lock is free while it runs. It takes one kind of datagram only, the ACK of all that a
 * transfer has on its way, and only while the file's next window is in memory, read and checked. Whatever else comes is
 * handed to Python as it came. So there is nothing here to decide: that is in bootbeam.tftp.transfer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

enum { OPCODE_DATA = 3, OPCODE_ACK = 4, UDP_SEGMENT_OPTION = 103 };
enum { MAX_BATCH = 128, MAX_SEGMENTS = 64, MAX_REPLY_BYTES = 256 };

/* One transfer, by its socket's descriptor. Written by both sides, never at the same time. */
struct transfer {
    const uint8_t *stretch;   /* bytes of the file, from the first byte of block stretch_first on */
    uint64_t stretch_bytes;
    uint32_t stretch_first;   /* absolute number of that block */
    uint32_t last_block;      /* of the file */
    uint32_t sent;            /* last block on its way */
    uint32_t windowsize;
    uint32_t blksize;         /* bytes */
    uint32_t blocks_per_send; /* 1 when there is no segmentation */
    uint32_t is_awaiting;     /* 1: the ACK of block `sent` is for us. 0: everything is for Python */
    uint32_t reaches_end;     /* 1: the stretch goes to the end of the file */
    double heard_at;          /* CLOCK_MONOTONIC, seconds; of the newest ACK taken here */
};

/* Something for Python. */
struct event {
    int32_t fd;
    uint32_t events;       /* epoll's */
    int32_t size_bytes;    /* of data; -1: nothing was received; below: minus an errno, less 1 */
    uint32_t blocks_sent;  /* of the window that data, an ACK, asks for: sent before the socket was full */
    uint8_t data[MAX_REPLY_BYTES];
};

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Send `count` blocks with one system call; their bytes are in the stretch. Returns 0, or -1 with errno. */
static int send_blocks(int fd, const struct transfer *t, uint32_t first, uint32_t count) {
    uint8_t headers[MAX_SEGMENTS][4];
    struct iovec parts[2 * MAX_SEGMENTS];
    union {
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2 * count};
    uint64_t at = (uint64_t)(first - t->stretch_first) * t->blksize;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t left = t->stretch_bytes - at;
        uint64_t size = left < t->blksize ? left : t->blksize;
        headers[i][0] = 0;
        headers[i][1] = OPCODE_DATA;
        headers[i][2] = (uint8_t)((first + i) >> 8);
        headers[i][3] = (uint8_t)(first + i);
        parts[2 * i] = (struct iovec){headers[i], 4};
        parts[2 * i + 1] = (struct iovec){(void *)(t->stretch + at), size};
        at += size;
    }
    if (count > 1) {
        uint16_t segment = (uint16_t)(t->blksize + 4);
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = IPPROTO_UDP;
        c->cmsg_type = UDP_SEGMENT_OPTION;
        c->cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(c), &segment, sizeof segment);
    }
    return sendmsg(fd, &message, MSG_DONTWAIT) < 0 ? -1 : 0;
}

/* Whether blocks first to last lie whole in the stretch; the file's last block may be short, or empty. */
static int is_at_hand(const struct transfer *t, uint32_t first, uint32_t last) {
    if (t->stretch == NULL || first < t->stretch_first)
        return 0;
    if (last == t->last_block)
        return t->reaches_end;
    return (uint64_t)(last - t->stretch_first + 1) * t->blksize <= t->stretch_bytes;
}

/* The next window, when data is the ACK that asks for it. Returns 1 when that was all, 0 when Python has to see to it. */
static int take(int fd, struct transfer *t, const uint8_t *data, double now, uint32_t *blocks_sent) {
    if (data[0] != 0 || data[1] != OPCODE_ACK || data[2] != (uint8_t)(t->sent >> 8) || data[3] != (uint8_t)t->sent)
        return 0;
    uint32_t first = t->sent + 1, last = t->sent + t->windowsize;
    if (t->sent >= t->last_block)
        return 0;
    if (last > t->last_block)
        last = t->last_block;
    if (!is_at_hand(t, first, last))
        return 0;
    uint32_t most = t->blocks_per_send < MAX_SEGMENTS ? t->blocks_per_send : MAX_SEGMENTS;
    for (uint32_t next = first; next <= last;) {
        uint32_t count = last - next + 1 < most ? last - next + 1 : most;
        if (send_blocks(fd, t, next, count) < 0)
            return 0;
        next += count;
        *blocks_sent += count;
    }
    t->sent = last;
    t->heard_at = now;
    return 1;
}

/* See to one descriptor. Returns 1 when nothing is left to do, 0 when `out` is for Python. */
static int see_to(const struct epoll_event *ready, struct transfer *table, uint32_t rows, double now,
                  struct event *out) {
    int fd = ready->data.fd;
    out->fd = fd;
    out->events = ready->events;
    out->size_bytes = -1;
    out->blocks_sent = 0;
    if (ready->events != EPOLLIN || fd < 0 || (uint32_t)fd >= rows || !table[fd].is_awaiting)
        return 0;
    ssize_t size = recv(fd, out->data, MAX_REPLY_BYTES, MSG_DONTWAIT);
    if (size < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return 1;
        out->size_bytes = -1 - errno;
        return 0;
    }
    out->size_bytes = (int32_t)size;
    return size == 4 && take(fd, &table[fd], out->data, now, &out->blocks_sent);
}

/* The same for Python: 0, or an errno. */
int bootbeam_tftp_send(int fd, const struct transfer *t, uint32_t first, uint32_t count) {
    return send_blocks(fd, t, first, count) < 0 ? errno : 0;
}

/* What ctypes has to agree on; a library of another bootbeam is not used. */
uint32_t bootbeam_tftp_layout(void) {
    return (uint32_t)(sizeof(struct transfer) << 16 | sizeof(struct event));
}

/* Serve until something is there for Python, or the time is up.
 *
 *   table, rows   the transfers, by descriptor
 *   out           room for MAX_BATCH events
 *   until         CLOCK_MONOTONIC, seconds; negative: for ever
 *   spin          so many seconds after the last datagram the next one is looked for without sleeping
 *
 * Returns how many events there are.
 */
int bootbeam_tftp_turn(int epoll_fd, struct transfer *table, uint32_t rows, struct event *out, double until,
                       double spin) {
    struct epoll_event ready[MAX_BATCH];
    double now = seconds(), busy_at = now - spin;
    for (;;) {
        int wait_ms = until < 0 ? -1 : until <= now ? 0 : (int)((until - now) * 1e3) + 1;
        int number = epoll_wait(epoll_fd, ready, MAX_BATCH, now - busy_at < spin ? 0 : wait_ms);
        int left = 0;
        now = seconds();
        for (int i = 0; i < number; i++)
            left += !see_to(&ready[i], table, rows, now, &out[left]);
        if (left > 0 || (until >= 0 && now >= until) || number < 0)
            return left;
        if (number > 0)
            busy_at = now;
    }
}
