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
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

enum { OPCODE_DATA = 3, OPCODE_ACK = 4, UDP_SEGMENT_OPTION = 103 };
enum { MAX_BATCH = 128, MAX_SEGMENTS = 64, MAX_REPLY_BYTES = 256 };
enum { MAX_SWEEP_BYTES = 2 * 1024 * 1024 }; /* what fits into a processor's cache beside what it is copied from */
#ifndef SOURCE_CRC32
#error "built with -DSOURCE_CRC32=N, zlib's checksum of this file: see bootbeam.servers.tftp_library"
#endif

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

/* Send up to MAX_SEGMENTS blocks with one system call; their bytes are in the stretch. blocks_per_send of them are one
 * message, which the kernel cuts up. Returns how many are out, or -1 with errno. */
static int send_blocks(int fd, const struct transfer *t, uint32_t first, uint32_t count) {
    uint8_t headers[MAX_SEGMENTS][4];
    struct iovec parts[2 * MAX_SEGMENTS];
    struct mmsghdr messages[MAX_SEGMENTS];
    union {
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
    } control;
    uint64_t at = (uint64_t)(first - t->stretch_first) * t->blksize;
    uint32_t each = t->blocks_per_send > 0 ? t->blocks_per_send : 1, number = 0;
    if (count > MAX_SEGMENTS)
        count = MAX_SEGMENTS;
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
    if (each > 1 && count > 1) {
        uint16_t segment = (uint16_t)(t->blksize + 4);
        struct msghdr holder = {.msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
        struct cmsghdr *c = CMSG_FIRSTHDR(&holder);
        c->cmsg_level = IPPROTO_UDP;
        c->cmsg_type = UDP_SEGMENT_OPTION;
        c->cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(c), &segment, sizeof segment);
    }
    for (uint32_t i = 0; i < count; i += each, number++) {
        uint32_t blocks = count - i < each ? count - i : each;
        messages[number].msg_hdr = (struct msghdr){.msg_iov = &parts[2 * i], .msg_iovlen = 2 * blocks};
        if (blocks > 1) {
            messages[number].msg_hdr.msg_control = control.bytes;
            messages[number].msg_hdr.msg_controllen = sizeof control.bytes;
        }
    }
    int sent;
    if (number == 1)
        sent = sendmsg(fd, &messages[0].msg_hdr, MSG_DONTWAIT) < 0 ? -1 : 1;
    else
        sent = sendmmsg(fd, messages, number, MSG_DONTWAIT);
    if (sent < 0)
        return -1;
    return (uint32_t)sent * each < count ? (int)((uint32_t)sent * each) : (int)count;
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
    for (uint32_t next = first; next <= last;) {
        int count = send_blocks(fd, t, next, last - next + 1);
        if (count < 0)
            return 0;
        next += (uint32_t)count;
        *blocks_sent += (uint32_t)count;
    }
    t->sent = last;
    t->heard_at = now;
    return 1;
}

/* See to one descriptor. Returns 1 when nothing is left to do, 0 when `out` is for Python. */
static int see_to(int fd, uint32_t events, struct transfer *table, uint32_t rows, double now, struct event *out) {
    out->fd = fd;
    out->events = events;
    out->size_bytes = -1;
    out->blocks_sent = 0;
    if (events != POLLIN || fd < 0 || (uint32_t)fd >= rows)
        return 0;
    ssize_t size = recv(fd, out->data, MAX_REPLY_BYTES, MSG_DONTWAIT);
    if (size < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return 1;
        out->size_bytes = -1 - errno;
        return 0;
    }
    out->size_bytes = (int32_t)size;
    return size == 4 && table[fd].is_awaiting && take(fd, &table[fd], out->data, now, &out->blocks_sent);
}

/* What the epoll set has: listeners, and what else Python waits for. Returns how many events there are. */
static int collect(int epoll_fd, struct event *out, int room) {
    struct epoll_event ready[MAX_BATCH];
    int number = epoll_wait(epoll_fd, ready, room < MAX_BATCH ? room : MAX_BATCH, 0);
    for (int i = 0; i < number; i++)
        out[i] = (struct event){.fd = ready[i].data.fd, .events = ready[i].events, .size_bytes = -1};
    return number < 0 ? 0 : number;
}

/* See to what poll(2) has found. Returns how many events there are for Python.
 *
 * After MAX_SWEEP_BYTES the others have to wait for the next sweep, and this thread gives way: a client on the same
 * computer then receives what is still in the cache, instead of waiting until all of them have their window. */
static int sweep(struct pollfd *polled, uint32_t count, int found, struct transfer *table, uint32_t rows, double now,
                 struct event *out, uint32_t *next) {
    int left = 0;
    if (polled[0].revents) {
        left = collect(polled[0].fd, out, MAX_BATCH / 2);
        found--;
    }
    uint64_t sent_bytes = 0;
    for (uint32_t i = 1; i < count && found > 0 && left < MAX_BATCH; i++) {
        if (*next == 0 || *next >= count)
            *next = 1;
        struct pollfd *each = &polled[(*next)++];
        if (!each->revents)
            continue;
        found--;
        if (!see_to(each->fd, (uint32_t)each->revents, table, rows, now, &out[left]))
            left++;
        else if ((sent_bytes += (uint64_t)table[each->fd].windowsize * table[each->fd].blksize) >= MAX_SWEEP_BYTES) {
            sched_yield();
            break;
        }
    }
    return left;
}

/* The same for Python: how many blocks are out, or minus an errno. */
int bootbeam_tftp_send(int fd, const struct transfer *t, uint32_t first, uint32_t count) {
    int sent = send_blocks(fd, t, first, count);
    return sent < 0 ? -errno : sent;
}

/* What this was built from; a library of another bootbeam is not used. */
uint32_t bootbeam_tftp_source_crc32(void) {
    return SOURCE_CRC32;
}

/* A file's pages, only ever read by the kernel while it sends: where a page cannot be had, sending fails. NULL: it
 * cannot be mapped. */
void *bootbeam_tftp_map(int fd, uint64_t size_bytes) {
    void *pages = mmap(NULL, size_bytes, PROT_READ, MAP_SHARED, fd, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void bootbeam_tftp_unmap(void *pages, uint64_t size_bytes) {
    munmap(pages, size_bytes);
}

/* Serve until something is there for Python, or the time is up.
 *
 *   polled        what to wait for; the first is an epoll descriptor, the others are transfers' sockets
 *   count         how many these are
 *   next          where the transfers' turn begins; goes round
 *   table, rows   the transfers, by descriptor
 *   out           room for MAX_BATCH events
 *   until         CLOCK_MONOTONIC, seconds; negative: for ever
 *   spin          so many seconds after the last datagram the next one is looked for without sleeping
 *
 * The transfers are polled and not in the epoll set: under load poll(2) finds many of them ready and sleeps never, and
 * then nobody's datagram has to wake anybody.
 *
 * Returns how many events there are.
 */
int bootbeam_tftp_turn(struct pollfd *polled, uint32_t count, uint32_t *next, struct transfer *table, uint32_t rows,
                       struct event *out, double until, double spin) {
    double now = seconds(), busy_at = now - spin;
    for (;;) {
        int wait_ms = until < 0 ? -1 : until <= now ? 0 : (int)((until - now) * 1e3) + 1;
        int found = poll(polled, count, now - busy_at < spin ? 0 : wait_ms);
        now = seconds();
        int left = found > 0 ? sweep(polled, count, found, table, rows, now, out, next) : 0;
        if (left > 0 || (until >= 0 && now >= until) || found < 0)
            return left;
        if (found > 0)
            busy_at = now;
    }
}
