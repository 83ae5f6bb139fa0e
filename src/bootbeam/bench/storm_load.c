/* A thousand machines switched on in the same second, each of which boots to its last byte.
 *
 * Each asks as UEFI firmware and the iPXE it loads do: DISCOVER, REQUEST, port 4011, the loader by TFTP (its size
 * first, then its bytes), DISCOVER and REQUEST once more, two scripts and all files of the second one by HTTP over one
 * connection. This program is the network's own DHCP server too: it broadcasts an OFFER for each DISCOVER and an ACK
 * for each REQUEST. Each machine has a MAC, and an address on this computer, of its own.
 *
 *   storm_load SERVER ROUTER FIRST_MACHINE MACHINES HTTP_PORT TIMEOUT_S INTERFACE
 *
 * Nothing is waited for between two steps, as firmware would: that is harder for the station. What arrives is not
 * looked at but for its length. One line of JSON comes out, times in seconds since the machine was switched on.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_MACHINES = 4000, MAX_FILES = 8, MAX_EVENTS = 256, MAX_URL = 512, PACKET_BYTES = 1024, TEXT_BYTES = 16384,
    BLKSIZE = 1468, WINDOWSIZE = 4, MAGIC = 236, OPTIONS = 240,
    DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5,
    RRQ = 1, DATA = 3, TFTP_ACK = 4, TFTP_ERROR = 5, OACK = 6,
    RECEIVE_BYTES = 256 << 10, /* as much as iPXE lets come unacknowledged */
};
#define SWITCHED_ON_WITHIN_S 1.0
#define LOOK_EVERY_S 0.02

enum step { OFF, FIRMWARE_ASKS, BOOT_SERVER, SIZE, LOADER, IPXE_ASKS, SCRIPTS, FILES, FINISHED, FAILED, STEPS };
static const char *step_names[] = {"off", "offer", "boot_server", "size", "loader", "ipxe_offer", "scripts", "files"};
/* How long an answer is waited for, the last one again and again: edk2's DHCP and TFTP, iPXE's DHCP. */
static const double firmware_s[] = {4, 8, 16, 32, 0}, boot_server_s[] = {1, 2, 3, 4, 0}, tftp_s[] = {4, 4, 4, 4, 4, 4, 0},
                    ipxe_s[] = {1, 2, 0};

struct machine {
    enum step step;
    double on_at, ended_at[STEPS], asked_at;
    const double *patience;
    int tries, retries, number, fd, request_bytes;
    struct sockaddr_in address, peer;
    char file[256], request[600], text[TEXT_BYTES], url[MAX_FILES][MAX_URL];
    const char *why;
    /* TFTP */
    uint32_t block, unacknowledged;
    /* HTTP */
    int is_connecting, has_head, text_bytes, files, next_file, is_kept;
    uint64_t left_bytes;
};

static struct machine *machines;
static int count, going, epoll, dhcp_fd, router_fd, http_port;
static struct sockaddr_in server, everybody, router;
static const char *interface;
static uint64_t bytes;
static double now;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void die(const char *what) {
    fprintf(stderr, "storm_load: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void watch(struct machine *m, uint32_t events) {
    struct epoll_event wanted = {.events = events, .data.u32 = m->number};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, m->fd, &wanted) < 0)
        die("epoll");
}

static void hang_up(struct machine *m) {
    if (m->fd >= 0)
        close(m->fd);
    m->fd = -1;
}

static void end(struct machine *m, enum step step, const char *why) {
    hang_up(m);
    m->step = step;
    m->why = why;
    m->ended_at[step] = now;
    going--;
}

static void expect(struct machine *m, enum step step, const double *patience) {
    m->ended_at[m->step] = now;
    m->step = step;
    m->patience = patience;
    m->tries = 0;
    m->asked_at = now;
}

/* DHCP */

static unsigned char *option(unsigned char *at, int code, const void *value, int size) {
    *at++ = code;
    *at++ = size;
    memcpy(at, value, size);
    return at + size;
}

static int dhcp_packet(unsigned char *packet, struct machine *m, int op, int type, int runs_ipxe) {
    uint32_t xid = htonl(m->number * 16 + runs_ipxe), mac = htonl(m->number);
    uint16_t secs = htons((int)(now - m->on_at));
    unsigned char uuid[17] = {0}, kind = type, *at = packet + OPTIONS;
    static const unsigned char wanted[] = {1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54,
                                           58, 59, 60, 66, 67, 97, 128, 129, 130, 131, 132, 133, 134, 135};
    memset(packet, 0, OPTIONS);
    packet[0] = op;
    packet[1] = 1;
    packet[2] = 6;
    memcpy(packet + 4, &xid, 4);
    memcpy(packet + 8, &secs, 2);
    packet[10] = 0x80;
    memcpy(packet + 28, "\x52\x54", 2);
    memcpy(packet + 30, &mac, 4);
    memcpy(packet + MAGIC, "\x63\x82\x53\x63", 4);
    at = option(at, 53, &kind, 1);
    if (op == 2) {
        memcpy(packet + 16, &m->address.sin_addr, 4);
        at = option(at, 54, &router.sin_addr, 4);
        at = option(at, 51, "\0\0\x0e\x10", 4);
        at = option(at, 1, "\xff\xff\0\0", 4);
    } else {
        memcpy(uuid + 1 + 12, &mac, 4);
        at = option(at, 57, "\x05\xc0", 2);
        at = option(at, 55, wanted, sizeof wanted);
        at = option(at, 97, uuid, sizeof uuid);
        at = option(at, 94, "\1\3\x10", 3);
        at = option(at, 93, "\0\7", 2);
        at = option(at, 60, "PXEClient:Arch:00007:UNDI:003016", 32);
        if (runs_ipxe) {
            at = option(at, 77, "iPXE", 4);
            at = option(at, 175, "\xb1\5\1\x80\x86\x10\xd3\x18\1\1\x13\1\1\x17\1\1\x22\1\1\x19\1\1\x24\1\1", 25);
        }
        if (type == REQUEST) {
            at = option(at, 50, &m->address.sin_addr, 4);
            at = option(at, 54, &router.sin_addr, 4);
        }
    }
    *at++ = 255;
    return at - packet;
}

static void send_dhcp(int fd, const struct sockaddr_in *to, struct machine *m, int op, int type, int runs_ipxe) {
    unsigned char packet[PACKET_BYTES];
    int size = dhcp_packet(packet, m, op, type, runs_ipxe);
    if (type == REQUEST && to == &server)
        memcpy(packet + 12, &m->address.sin_addr, 4);
    if (sendto(fd, packet, size, 0, (const struct sockaddr *)to, sizeof *to) < 0 && errno != ECONNREFUSED)
        die("send");
}

/* A question to everybody, and what the network's own DHCP server says to it. */
static void broadcast(struct machine *m, int type, int runs_ipxe) {
    struct sockaddr_in all_machines = everybody;
    all_machines.sin_port = htons(68);
    send_dhcp(dhcp_fd, &everybody, m, 1, type, runs_ipxe);
    send_dhcp(router_fd, &all_machines, m, 2, type == DISCOVER ? OFFER : ACK, runs_ipxe);
}

static int open_udp(struct machine *m, int port) {
    struct sockaddr_in own = m->address;
    int one = 1;
    own.sin_port = htons(port);
    m->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(m->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (m->fd < 0 || bind(m->fd, (struct sockaddr *)&own, sizeof own) < 0)
        die("bind");
    watch(m, EPOLLIN);
    return m->fd;
}

static void ask_boot_server(struct machine *m) {
    struct sockaddr_in boot_server = server;
    unsigned char packet[PACKET_BYTES];
    int size = dhcp_packet(packet, m, 1, REQUEST, 0);
    boot_server.sin_port = htons(4011);
    memcpy(packet + 12, &m->address.sin_addr, 4);
    sendto(m->fd, packet, size, 0, (struct sockaddr *)&boot_server, sizeof boot_server);
}

static void take_file_name(struct machine *m, const unsigned char *packet, int size) {
    memcpy(m->file, packet + 108, 128);
    for (int at = OPTIONS; at + 1 < size && packet[at] != 255; at += packet[at] ? 2 + packet[at + 1] : 1)
        if (packet[at] == 67 && at + 2 + packet[at + 1] <= size) {
            memcpy(m->file, packet + at + 2, packet[at + 1]);
            m->file[packet[at + 1]] = 0;
        }
}

/* TFTP */

static void request_file(struct machine *m, int is_size_asked) {
    char *at = m->request + 2, *stop = m->request + sizeof m->request;
    m->request[0] = 0;
    m->request[1] = RRQ;
    at += snprintf(at, stop - at, "%s%coctet%ctsize%c0", m->file, 0, 0, 0) + 1;
    at += snprintf(at, stop - at, "blksize%c%d", 0, BLKSIZE) + 1;
    if (!is_size_asked)
        at += snprintf(at, stop - at, "windowsize%c%d", 0, WINDOWSIZE) + 1;
    m->request_bytes = at - m->request;
    m->peer = server;
    m->peer.sin_port = htons(69);
    m->block = m->unacknowledged = 0;
    open_udp(m, 0);
    sendto(m->fd, m->request, m->request_bytes, 0, (struct sockaddr *)&m->peer, sizeof m->peer);
}

static void send_short(struct machine *m, int opcode, int number) {
    unsigned char packet[5] = {0, opcode, number >> 8, number, 0};
    sendto(m->fd, packet, opcode == TFTP_ERROR ? 5 : 4, 0, (struct sockaddr *)&m->peer, sizeof m->peer);
    m->unacknowledged = 0;
}

static void open_http(struct machine *m);

static void take_tftp(struct machine *m) {
    unsigned char packet[BLKSIZE + 64];
    struct sockaddr_in from;
    socklen_t from_size = sizeof from;
    ssize_t size;
    while (m->fd >= 0 && (size = recvfrom(m->fd, packet, sizeof packet, MSG_DONTWAIT, (struct sockaddr *)&from,
                                          &from_size)) >= 4) {
        m->peer = from;
        m->asked_at = now;
        m->tries = 0;
        if (packet[1] == TFTP_ERROR) {
            end(m, FAILED, "TFTP error");
        } else if (packet[1] == OACK && m->step == SIZE) {
            send_short(m, TFTP_ERROR, 8);
            hang_up(m);
            expect(m, LOADER, tftp_s);
            request_file(m, 0);
        } else if (packet[1] == OACK) {
            send_short(m, TFTP_ACK, 0);
        } else if (packet[1] == DATA && m->step == LOADER) {
            uint16_t number = packet[2] << 8 | packet[3];
            if (number != (uint16_t)(m->block + 1)) {
                if (m->unacknowledged)
                    send_short(m, TFTP_ACK, m->block);
                continue;
            }
            m->block++;
            bytes += size - 4;
            if (++m->unacknowledged == WINDOWSIZE || size < BLKSIZE + 4)
                send_short(m, TFTP_ACK, m->block);
            if (size < BLKSIZE + 4) {
                hang_up(m);
                expect(m, IPXE_ASKS, ipxe_s);
                broadcast(m, DISCOVER, 1);
            }
        }
    }
}

/* HTTP */

static void get(struct machine *m, const char *url) {
    char request[MAX_URL + 200];
    const char *path = strstr(url, "://");
    path = path ? strchr(path + 3, '/') : url;
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nConnection: keep-alive\r\nUser-Agent: iPXE/1.21.1\r\nHost: station\r\n\r\n",
                        path ? path : "/");
    m->has_head = m->text_bytes = 0;
    if (send(m->fd, request, size, MSG_NOSIGNAL) != size)
        end(m, FAILED, "a request could not be sent");
}

static void open_http(struct machine *m) {
    struct sockaddr_in own = m->address, to = server;
    int room = RECEIVE_BYTES, one = 1;
    to.sin_port = htons(http_port);
    own.sin_port = 0;
    m->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(m->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(m->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (m->fd < 0 || bind(m->fd, (struct sockaddr *)&own, sizeof own) < 0)
        die("bind");
    if (connect(m->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)
        die("connect");
    m->is_connecting = 1;
    watch(m, EPOLLIN | EPOLLOUT);
}

/* The machine's own script: where boot.ipxe sends it, with the facts of this machine filled in. */
static int find_chain(struct machine *m) {
    char *from = strstr(m->text, "http://"), *to = from ? strstr(from, "mac=") : NULL;
    if (!to || to - from > MAX_URL - 200)
        return 0;
    snprintf(m->url[0], MAX_URL,
             "%.*smac=52-54-%02x-%02x-%02x-%02x/platform=efi/buildarch=x86_64/"
             "uuid=00000000-0000-0000-0000-%012x/manufacturer=QEMU/product=Standard%%20PC/script.ipxe",
             (int)(to - from), from, m->number >> 24, m->number >> 16 & 255, m->number >> 8 & 255, m->number & 255,
             m->number);
    return 1;
}

static int find_files(struct machine *m) {
    m->files = m->next_file = 0;
    for (char *at = m->text; (at = strstr(at, "http://")) && m->files < MAX_FILES; at++) {
        int size = strcspn(at, " \n");
        if (size >= MAX_URL || !memmem(at, size, "/file/", 6))
            continue;
        snprintf(m->url[m->files], MAX_URL, "%.*s", size, at);
        int is_new = 1;
        for (int i = 0; i < m->files; i++)
            is_new &= strcmp(m->url[i], m->url[m->files]) != 0;
        m->files += is_new;
    }
    return m->files;
}

static void take_body(struct machine *m) {
    m->text[m->text_bytes] = 0;
    if (m->step == FILES) {
        m->next_file++;
    } else if (m->next_file == 0 && find_chain(m)) {
        m->next_file = 1;
        get(m, m->url[0]);
        return;
    } else if (m->next_file == 1 && find_files(m)) {
        expect(m, FILES, NULL);
    } else {
        end(m, FAILED, "a script without what comes next");
        return;
    }
    if (m->next_file == m->files) {
        expect(m, FINISHED, NULL);
        end(m, FINISHED, NULL);
    } else {
        get(m, m->url[m->next_file]);
    }
}

static void take_head(struct machine *m) {
    ssize_t size = recv(m->fd, m->text + m->text_bytes, TEXT_BYTES - 1 - m->text_bytes, MSG_DONTWAIT);
    if (size <= 0) {
        if (size == 0 || errno != EAGAIN)
            end(m, FAILED, "the connection was closed before an answer");
        return;
    }
    m->text_bytes += size;
    m->text[m->text_bytes] = 0;
    char *body = strstr(m->text, "\r\n\r\n"), *length = strcasestr(m->text, "\r\nContent-Length:");
    if (!body)
        return;
    if (strncmp(m->text, "HTTP/1.1 200", 12) || !length) {
        end(m, FAILED, "an HTTP answer that is no 200");
        return;
    }
    body += 4;
    m->left_bytes = strtoull(length + 17, NULL, 10);
    m->is_kept = m->step == SCRIPTS;
    m->has_head = 1;
    m->text_bytes -= body - m->text;
    memmove(m->text, body, m->text_bytes);
    m->left_bytes -= m->text_bytes;
    bytes += m->text_bytes;
    if (!m->left_bytes)
        take_body(m);
}

static void take_http(struct machine *m, uint32_t events) {
    if (m->is_connecting) {
        struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = m->number};
        struct tcp_info info;
        socklen_t size = sizeof info;
        int error = 0;
        socklen_t error_size = sizeof error;
        getsockopt(m->fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
        if (error || !(events & EPOLLOUT)) {
            end(m, FAILED, "no connection");
            return;
        }
        getsockopt(m->fd, IPPROTO_TCP, TCP_INFO, &info, &size);
        m->retries += info.tcpi_total_retrans;
        m->is_connecting = 0;
        epoll_ctl(epoll, EPOLL_CTL_MOD, m->fd, &wanted);
        get(m, "/boot.ipxe");
        return;
    }
    if (!m->has_head) {
        take_head(m);
        return;
    }
    ssize_t size;
    if (m->is_kept) {
        size_t room = TEXT_BYTES - 1 - m->text_bytes;
        size = recv(m->fd, m->text + m->text_bytes, m->left_bytes < room ? m->left_bytes : room, MSG_DONTWAIT);
        m->text_bytes += size > 0 ? size : 0;
    } else {
        size = recv(m->fd, NULL, m->left_bytes, MSG_DONTWAIT | MSG_TRUNC);
    }
    if (size <= 0) {
        if (size == 0 || errno != EAGAIN)
            end(m, FAILED, "the connection was closed in the midst of a file");
        return;
    }
    bytes += size;
    m->left_bytes -= size;
    if (!m->left_bytes)
        take_body(m);
}

static void take_offers(void) {
    unsigned char packet[2048];
    ssize_t size;
    while ((size = recv(dhcp_fd, packet, sizeof packet - 1, MSG_DONTWAIT)) >= 0) {
        uint32_t xid;
        if (size < OPTIONS || packet[0] != 2 || memcmp(packet + 16, "\0\0\0\0", 4))
            continue; /* an offer of an address is the DHCP server's */
        memcpy(&xid, packet + 4, 4);
        xid = ntohl(xid);
        if (xid / 16 >= (uint32_t)count)
            continue;
        struct machine *m = &machines[xid / 16];
        if (m->step == FIRMWARE_ASKS && xid % 16 == 0) {
            take_file_name(m, packet, size);
            broadcast(m, REQUEST, 0);
            expect(m, BOOT_SERVER, boot_server_s);
            open_udp(m, 68);
            ask_boot_server(m);
        } else if (m->step == IPXE_ASKS && xid % 16 == 1) {
            broadcast(m, REQUEST, 1);
            expect(m, SCRIPTS, NULL);
            m->next_file = 0;
            open_http(m);
        }
    }
}

static void take_boot_server(struct machine *m) {
    unsigned char packet[2048];
    ssize_t size = recv(m->fd, packet, sizeof packet - 1, MSG_DONTWAIT);
    if (size < OPTIONS || packet[0] != 2)
        return;
    take_file_name(m, packet, size);
    hang_up(m);
    expect(m, SIZE, tftp_s);
    request_file(m, 1);
}

static void look_after(struct machine *m, double start) {
    if (m->step == OFF && now >= start + m->on_at) {
        m->on_at = now;
        expect(m, FIRMWARE_ASKS, firmware_s);
        broadcast(m, DISCOVER, 0);
        return;
    }
    if (m->step == OFF || m->step >= SCRIPTS || now - m->asked_at < m->patience[m->tries])
        return;
    m->retries++;
    m->asked_at = now;
    if (!m->patience[++m->tries])
        end(m, FAILED, step_names[m->step]);
    else if (m->step == FIRMWARE_ASKS || m->step == IPXE_ASKS)
        broadcast(m, DISCOVER, m->step == IPXE_ASKS);
    else if (m->step == BOOT_SERVER)
        ask_boot_server(m);
    else if (m->block)
        send_short(m, TFTP_ACK, m->block);
    else
        sendto(m->fd, m->request, m->request_bytes, 0, (struct sockaddr *)&m->peer, sizeof m->peer);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void tell(double start) {
    double *took = calloc(count, sizeof *took);
    int finished = 0, most_retries = 0, retries = 0;
    const char *why = "";
    for (int i = 0; i < count; i++) {
        struct machine *m = &machines[i];
        if (m->step == FINISHED)
            finished++;
        else
            why = m->why ? m->why : step_names[m->step];
        retries += m->retries;
        most_retries = m->retries > most_retries ? m->retries : most_retries;
        took[i] = (m->step == FINISHED ? m->ended_at[FINISHED] : now) - m->on_at;
    }
    qsort(took, count, sizeof *took, compare);
    printf("{\"machines\": %d, \"finished\": %d, \"retries_max\": %d, \"retries\": %d, \"median_s\": %.3f, \"p99_s\": %.3f, "
           "\"slowest_s\": %.3f, \"seconds\": %.3f, \"bytes\": %llu, \"why\": \"%s\", \"steps\": {",
           count, finished, most_retries, retries, took[count / 2], took[(count - 1) * 99 / 100], took[count - 1],
           now - start, (unsigned long long)bytes, why);
    for (int step = FIRMWARE_ASKS; step <= FILES; step++) {
        int n = 0;
        for (int i = 0; i < count; i++)
            if (machines[i].ended_at[step])
                took[n++] = machines[i].ended_at[step] - machines[i].on_at;
        qsort(took, n, sizeof *took, compare);
        printf("%s\"%s\": {\"reached\": %d, \"median_s\": %.3f, \"p99_s\": %.3f}", step > FIRMWARE_ASKS ? ", " : "",
               step_names[step], n, n ? took[n / 2] : 0, n ? took[(n - 1) * 99 / 100] : 0);
    }
    printf("}}\n");
}

static void prepare(char **argv) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(68)}, first = any;
    struct rlimit files = {2 * MAX_MACHINES, 2 * MAX_MACHINES};
    int one = 1, room = 64 << 20;
    server = router = everybody = any;
    router.sin_port = everybody.sin_port = htons(67);
    everybody.sin_addr.s_addr = INADDR_BROADCAST;
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1 || inet_pton(AF_INET, argv[2], &router.sin_addr) != 1 ||
        inet_pton(AF_INET, argv[3], &first.sin_addr) != 1)
        die("addresses");
    count = atoi(argv[4]);
    http_port = atoi(argv[5]);
    interface = argv[7];
    if (count < 1 || count > MAX_MACHINES || setrlimit(RLIMIT_NOFILE, &files) < 0)
        die("machines");
    epoll = epoll_create1(0);
    dhcp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    router_fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(dhcp_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(dhcp_fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    for (int i = 0; i < 2; i++) {
        int fd = i ? router_fd : dhcp_fd;
        setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof one);
        if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, strlen(interface)) < 0)
            die(interface);
    }
    if (bind(dhcp_fd, (struct sockaddr *)&any, sizeof any) < 0 ||
        bind(router_fd, (struct sockaddr *)&router, sizeof router) < 0)
        die("bind");
    struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    epoll_ctl(epoll, EPOLL_CTL_ADD, dhcp_fd, &wanted);
    machines = calloc(count, sizeof *machines);
    for (int i = 0; i < count; i++) {
        machines[i].number = i;
        machines[i].fd = -1;
        machines[i].on_at = SWITCHED_ON_WITHIN_S * i / count;
        machines[i].address = first;
        machines[i].address.sin_addr.s_addr = htonl(ntohl(first.sin_addr.s_addr) + i);
    }
    going = count;
}

int main(int argc, char **argv) {
    if (argc != 8) {
        fprintf(stderr, "storm_load SERVER ROUTER FIRST_MACHINE MACHINES HTTP_PORT TIMEOUT_S INTERFACE\n");
        return 2;
    }
    prepare(argv);
    double timeout_s = atof(argv[6]), start = now = now_s(), looked_at = 0;
    while (going && now - start < timeout_s) {
        struct epoll_event events[MAX_EVENTS];
        int n = epoll_wait(epoll, events, MAX_EVENTS, now - start < SWITCHED_ON_WITHIN_S + 0.1 ? 1 : 20);
        now = now_s();
        for (int i = 0; i < n; i++) {
            if (events[i].data.u32 == UINT32_MAX) {
                take_offers();
                continue;
            }
            struct machine *m = &machines[events[i].data.u32];
            if (m->step == BOOT_SERVER)
                take_boot_server(m);
            else if (m->step == SIZE || m->step == LOADER)
                take_tftp(m);
            else if (m->step == SCRIPTS || m->step == FILES)
                take_http(m, events[i].events);
        }
        if (now - looked_at > LOOK_EVERY_S || now - start < SWITCHED_ON_WITHIN_S + 0.1) {
            looked_at = now;
            for (int i = 0; i < count; i++)
                if (machines[i].step < FINISHED)
                    look_after(&machines[i], start);
        }
    }
    tell(start);
    return 0;
}
