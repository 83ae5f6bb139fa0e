/* DHCP DISCOVERs of network boot firmware, by way of a relay, as fast as they are answered or at a fixed rate.
 *
 * The relay is this program: `giaddr` is its own address, so that answers come back by unicast. There are as many
 * machines as MACS, with an address of their own each; all are UEFI for x64 and send the options that edk2 sends.
 *
 *   dhcp_load ADDRESS SOURCE MACS SECONDS RATE OUTSTANDING [QUESTIONS]
 *
 * RATE 0: always OUTSTANDING questions under way. Otherwise so many a second, whether answered or not.
 * With QUESTIONS it ends when so many have been asked. One line of JSON comes out, latencies in microseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_QUESTIONS = 4000000, PACKET_BYTES = 347 };
#define LOST_S 0.25

static unsigned char packet[PACKET_BYTES];
static double *asked_at;
static float *latency_us;
static uint32_t asked, answered, taken, lost, oldest;
static int fd;
static struct sockaddr_in server;
static uint32_t macs;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void die(const char *what) {
    fprintf(stderr, "dhcp_load: %s: %s\n", what, strerror(errno));
    exit(2);
}

static unsigned char *option(unsigned char *at, int code, const void *value, int size) {
    *at++ = code;
    *at++ = size;
    memcpy(at, value, size);
    return at + size;
}

static void prepare(struct in_addr relay) {
    unsigned char uuid[17] = {0}, *at = packet + 240;
    unsigned char wanted[] = {1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66,
                              67, 97, 128, 129, 130, 131, 132, 133, 134, 135};
    packet[0] = 1;
    packet[1] = 1;
    packet[2] = 6;
    packet[3] = 1;
    packet[10] = 0x80;
    memcpy(packet + 24, &relay, 4);
    memcpy(packet + 236, "\x63\x82\x53\x63", 4);
    at = option(at, 53, "\1", 1);
    at = option(at, 57, "\x05\xc0", 2);
    at = option(at, 55, wanted, sizeof wanted);
    at = option(at, 97, uuid, sizeof uuid);
    at = option(at, 94, "\1\3\x10", 3);
    at = option(at, 93, "\0\7", 2);
    at = option(at, 60, "PXEClient:Arch:00007:UNDI:003016", 32);
    *at = 255;
}

static void ask(double now) {
    uint32_t xid = asked, mac = asked % macs;
    if (asked >= MAX_QUESTIONS)
        return;
    xid = htonl(xid);
    mac = htonl(mac);
    memcpy(packet + 4, &xid, 4);
    memcpy(packet + 28, "\x52\x54", 2);
    memcpy(packet + 30, &mac, 4);
    asked_at[asked++] = now;
    if (sendto(fd, packet, sizeof packet, 0, (struct sockaddr *)&server, sizeof server) < 0 && errno != ECONNREFUSED)
        die("send");
}

static void take(double now) {
    unsigned char reply[2048];
    ssize_t size;
    while ((size = recv(fd, reply, sizeof reply, MSG_DONTWAIT)) > 0) {
        uint32_t xid;
        memcpy(&xid, reply + 4, 4);
        xid = ntohl(xid);
        if (size < 240 || reply[0] != 2 || xid >= asked || asked_at[xid] == 0)
            continue;
        now = now_s();
        latency_us[answered++] = (now - asked_at[xid]) * 1e6;
        asked_at[xid] = 0;
        taken++;
    }
}

/* Questions not answered for so long count as lost. */
static void forget(double now) {
    while (oldest < asked && (asked_at[oldest] == 0 || now - asked_at[oldest] > LOST_S)) {
        lost += asked_at[oldest] != 0;
        asked_at[oldest++] = 0;
    }
}

static int compare(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    if (argc != 7 && argc != 8) {
        fprintf(stderr, "dhcp_load ADDRESS SOURCE MACS SECONDS RATE OUTSTANDING [QUESTIONS]\n");
        return 2;
    }
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_port = htons(67)};
    server = source;
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1 || inet_pton(AF_INET, argv[2], &source.sin_addr) != 1)
        die("addresses");
    macs = atoi(argv[3]);
    double seconds = atof(argv[4]), rate = atof(argv[5]);
    uint32_t outstanding = atoi(argv[6]), most = argc == 8 ? atoi(argv[7]) : MAX_QUESTIONS;
    int room = 4 << 20;
    asked_at = calloc(MAX_QUESTIONS, sizeof *asked_at);
    latency_us = calloc(MAX_QUESTIONS, sizeof *latency_us);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    if (bind(fd, (struct sockaddr *)&source, sizeof source) < 0)
        die("bind");
    prepare(source.sin_addr);
    double start = now_s(), now = start;
    while (now - start < seconds && asked < most) {
        struct pollfd wanted = {fd, POLLIN, 0};
        if (rate > 0)
            while (asked < (now - start) * rate)
                ask(now_s());
        else
            while (asked - taken - lost < outstanding)
                ask(now_s());
        double wait_s = rate > 0 ? start + (asked + 1) / rate - now_s() : 0.001;
        struct timespec wait = {0, wait_s > 0 ? (long)(wait_s * 1e9) : 0};
        ppoll(&wanted, 1, &wait, NULL);
        now = now_s();
        take(now);
        forget(now);
    }
    double busy_s = now - start;
    while (rate > 0 && now_s() - now < LOST_S)
        take(now_s());
    uint32_t missing = rate > 0 ? asked - answered : lost;
    if (!answered) {
        fprintf(stderr, "dhcp_load: %u questions, no answer\n", asked);
        return 1;
    }
    qsort(latency_us, answered, sizeof *latency_us, compare);
    printf("{\"seconds\": %.6f, \"asked\": %u, \"answered\": %u, \"lost\": %u, \"p50_us\": %.1f, \"p90_us\": %.1f, "
           "\"p99_us\": %.1f, \"max_us\": %.1f}\n",
           busy_s, asked, answered, missing, latency_us[answered / 2], latency_us[(uint64_t)answered * 90 / 100],
           latency_us[(uint64_t)answered * 99 / 100], latency_us[answered - 1]);
    return 0;
}
