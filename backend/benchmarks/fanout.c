/* Both ends of a fan-out, as fast as the machine goes.
 *
 *   fanout serve PORT CONTROL EVENT
 *       The floor: a server that answers every handshake and, for each byte that comes over a connection to CONTROL,
 *       calls write() with the same ready-made frame for every socket.
 *
 *   fanout follow PORT PATH CONTROL SOCKETS SECONDS FIRST
 *       Opens so many sockets, sends FIRST as their first message if there is one, and waits until all are ready
 *       (FIRST is answered by {"type":"ready"...). Then, for so many seconds: a byte to CONTROL, and when every socket
 *       has its event, the next. Prints: deliveries a second, and milliseconds to the last socket (p50, p99).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 70000, AT_ONCE = 100, HEAD = 16, NEWS = 64 };
enum state { CONNECTING, SHAKING, OPEN };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static struct sockaddr_in local(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void at_once(int fd) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void watch(int ep, int fd, int events, int how) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(ep, how, fd, &event) < 0) fail("epoll_ctl");
}

static void must_write(int fd, const void *bytes, size_t count) {
    if (write(fd, bytes, count) != (ssize_t)count) fail("write");
}

static int listen_on(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    struct sockaddr_in address = local(port);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (void *)&address, sizeof address) < 0 || listen(fd, 4096) < 0) fail("listen");
    return fd;
}

/* A frame of text with this payload; a client's is masked with zeros, which changes nothing and is allowed. */
static size_t frame(unsigned char *to, int opcode, const char *payload, size_t length, int masked) {
    size_t n = 0;
    to[n++] = 0x80 | opcode;
    if (length < 126) {
        to[n++] = length | (masked ? 0x80 : 0);
    } else {
        to[n++] = 126 | (masked ? 0x80 : 0);
        to[n++] = length >> 8;
        to[n++] = length & 255;
    }
    if (masked) {
        memset(to + n, 0, 4);
        n += 4;
    }
    memcpy(to + n, payload, length);
    return n + length;
}

static _Noreturn void serve(int port, int control, const char *event) {
    static const char accepted[] =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    static unsigned char message[70000];
    static char is_control[MOST], is_open[MOST];
    static int sockets[MOST];
    struct epoll_event events[256];
    char bytes[4096];
    size_t length = frame(message, 1, event, strlen(event), 0);
    int count = 0, ep = epoll_create1(0), here = listen_on(port), there = listen_on(control);
    watch(ep, here, EPOLLIN, EPOLL_CTL_ADD);
    watch(ep, there, EPOLLIN, EPOLL_CTL_ADD);
    for (;;) {
        int ready = epoll_wait(ep, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd, got;
            if (fd == here || fd == there) {
                while ((got = accept4(fd, 0, 0, SOCK_NONBLOCK)) >= 0) {
                    at_once(got);
                    is_control[got] = fd == there;
                    is_open[got] = 0;
                    watch(ep, got, EPOLLIN, EPOLL_CTL_ADD);
                }
                continue;
            }
            got = read(fd, bytes, sizeof bytes);
            if (got <= 0) {
                close(fd);
                for (int j = 0; j < count; j++)
                    if (sockets[j] == fd) sockets[j--] = sockets[--count];
            } else if (is_control[fd]) {
                while (got--)
                    for (int j = 0; j < count; j++)
                        if (write(sockets[j], message, length) < 0 && errno != EAGAIN) continue;
            } else if (!is_open[fd]) {
                is_open[fd] = 1;
                must_write(fd, accepted, sizeof accepted - 1);
                sockets[count++] = fd;
            }
        }
    }
}

struct client {
    enum state state;
    size_t shaken, head, left;
    int opcode, kept;
    unsigned char header[HEAD];
    char news[NEWS];
};

static struct client clients[MOST];
static const char *first;
static char handshake[512];
static int ep, ready, arrived;

static void on_frame(struct client *client, int fd) {
    static const char event[] = "{\"type\":\"event\"", begun[] = "{\"type\":\"ready\"";
    if (client->opcode == 9) {
        unsigned char pong[256];
        must_write(fd, pong, frame(pong, 10, client->news, client->kept, 1));
    } else if (client->opcode == 8) {
        fprintf(stderr, "a socket was closed\n");
        exit(1);
    } else if (!strncmp(client->news, event, sizeof event - 1)) {
        arrived++;
    } else if (!strncmp(client->news, begun, sizeof begun - 1)) {
        ready++;
    }
}

static size_t shake(struct client *client, int fd, const char *bytes, size_t count) {
    static const char end[] = "\r\n\r\n";
    static unsigned char hello[8192];
    for (size_t i = 0; i < count; i++) {
        client->shaken = bytes[i] == end[client->shaken] ? client->shaken + 1 : bytes[i] == '\r';
        if (client->shaken == 4) {
            client->state = OPEN;
            if (*first)
                must_write(fd, hello, frame(hello, 1, first, strlen(first), 1));
            else
                ready++;
            return i + 1;
        }
    }
    return count;
}

static void feed(struct client *client, int fd, const char *bytes, size_t count) {
    size_t i = client->state == OPEN ? 0 : shake(client, fd, bytes, count);
    while (i < count) {
        if (client->left == 0) {
            client->header[client->head++] = bytes[i++];
            size_t length = client->header[1] & 127, whole = length == 126 ? 4 : length == 127 ? 10 : 2;
            if (client->head < 2 || client->head < whole) continue;
            if (whole > 2) {
                length = 0;
                for (size_t j = 2; j < whole; j++) length = length << 8 | client->header[j];
            }
            client->opcode = client->header[0] & 15;
            client->left = length;
            client->head = client->kept = 0;
        }
        size_t some = count - i < client->left ? count - i : client->left;
        size_t kept = some < (size_t)(NEWS - 1 - client->kept) ? some : (size_t)(NEWS - 1 - client->kept);
        memcpy(client->news + client->kept, bytes + i, kept);
        client->kept += kept;
        client->news[client->kept] = 0;
        client->left -= some;
        i += some;
        if (client->left == 0) on_frame(client, fd);
    }
}

static void turn(int milliseconds) {
    static char bytes[1 << 16];
    struct epoll_event events[512];
    int count = epoll_wait(ep, events, 512, milliseconds);
    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;
        struct client *client = &clients[fd];
        if (client->state == CONNECTING) {
            client->state = SHAKING;
            must_write(fd, handshake, strlen(handshake));
            watch(ep, fd, EPOLLIN, EPOLL_CTL_MOD);
            continue;
        }
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got > 0) {
            feed(client, fd, bytes, got);
        } else if (got == 0 || errno != EAGAIN) {
            fprintf(stderr, "a socket was lost\n");
            exit(1);
        }
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int follow(int port, const char *path, int control, int sockets, double seconds) {
    struct sockaddr_in address = local(port), order = local(control);
    snprintf(handshake, sizeof handshake,
             "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
             path, port);
    ep = epoll_create1(0);
    for (int i = 0; i < sockets; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (fd < 0 || fd >= MOST) fail("socket");
        at_once(fd);
        if (connect(fd, (void *)&address, sizeof address) < 0 && errno != EINPROGRESS) fail("connect");
        watch(ep, fd, EPOLLOUT, EPOLL_CTL_ADD);
        while (i - ready > AT_ONCE) turn(20);
    }
    while (ready < sockets) turn(20);
    int orders = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(orders, (void *)&order, sizeof order) < 0) fail("control");
    at_once(orders);
    static double took[1000000];
    int count = -3; /* the first three warm up */
    double begun = now();
    while ((count < 3 || now() - begun < seconds) && count < 1000000) {
        double started = now();
        arrived = 0;
        if (count == 0) begun = started;
        must_write(orders, "b", 1);
        while (arrived < sockets) {
            turn(5);
            if (now() - started > 20) {
                fprintf(stderr, "%d of %d arrived\n", arrived, sockets);
                return 1;
            }
        }
        if (count >= 0) took[count] = (now() - started) * 1000;
        count++;
    }
    double whole = now() - begun;
    qsort(took, count, sizeof *took, by_size);
    printf("%.1f %.3f %.3f\n", count * (double)sockets / whole, took[count / 2], took[(int)(count * 0.99)]);
    return 0;
}

int main(int count, char **words) {
    if (count == 5 && !strcmp(words[1], "serve")) serve(atoi(words[2]), atoi(words[3]), words[4]);
    if (count == 8 && !strcmp(words[1], "follow")) {
        first = words[7];
        return follow(atoi(words[2]), words[3], atoi(words[4]), atoi(words[5]), atof(words[6]));
    }
    fprintf(stderr, "usage: fanout serve PORT CONTROL EVENT | follow PORT PATH CONTROL SOCKETS SECONDS FIRST\n");
    return 2;
}
