/* A model server of nothing: GET /health and GET /v1/models, a start that takes a while, a log line for each request. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *option(int argc, char **argv, const char *name, const char *otherwise) {
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], name)) return argv[i + 1];
    return otherwise;
}

static int probe(int port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    char answer[32] = {0};
    if (connect(peer, (struct sockaddr *)&at, sizeof at)) return 1;
    dprintf(peer, "GET /health HTTP/1.0\r\n\r\n");
    if (read(peer, answer, sizeof answer - 1) <= 0) return 1;
    return strstr(answer, " 200 ") ? 0 : 1;
}

static void answer(int peer, const char *model, const char *key, int ready) {
    char asked[4096] = {0};
    char body[1024] = "";
    const char *status = "404 Not Found";
    if (read(peer, asked, sizeof asked - 1) <= 0) return;
    if (!strncmp(asked, "GET /health ", 12)) {
        status = ready ? "200 OK" : "503 Service Unavailable";
    } else if (!strncmp(asked, "GET /v1/models ", 15) && key && !strstr(asked, key)) {
        status = "401 Unauthorized";
    } else if (!strncmp(asked, "GET /v1/models ", 15)) {
        status = "200 OK";
        snprintf(body, sizeof body, "{\"object\":\"list\",\"data\":[{\"id\":\"%s\",\"object\":\"model\"}]}", model);
    }
    dprintf(peer, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status,
            strlen(body), body);
    printf("%.*s %s\n", (int)strcspn(asked, "\r"), asked, status);
    fflush(stdout);
}

int main(int argc, char **argv) {
    int port = atoi(option(argc, argv, "--port", "8000"));
    if (argc > 1 && !strcmp(argv[1], "--probe")) return probe(port);
    if (!strcmp(option(argc, argv, "--crash", "no"), "yes")) {
        fprintf(stderr, "CUDA out of memory\n");
        return 3;
    }
    time_t ready = time(NULL) + atoi(option(argc, argv, "--load", "0"));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY)};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, _exit); /* the first process of a container ignores what it has no handler for */
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 64)) {
        perror("listen");
        return 1;
    }
    printf("serving %s on %d\n", option(argc, argv, "--served-model-name", "tiny"), port);
    fflush(stdout);
    for (;;) {
        int peer = accept(listener, NULL, NULL);
        if (peer < 0) continue;
        answer(peer, option(argc, argv, "--served-model-name", "tiny"), option(argc, argv, "--api-key", NULL), time(NULL) >= ready);
        close(peer);
    }
}
