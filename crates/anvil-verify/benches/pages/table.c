#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY 64

struct entry {
    char *key;
    int value;
    struct entry *next;
};

static struct entry *buckets[CAPACITY];

/* FNV-1a, 32 bits. */
static unsigned hash(const char *key)
{
    unsigned sum = 2166136261u;
    while (*key != '\0') {
        sum ^= (unsigned char)*key++;
        sum *= 16777619u;
    }
    return sum % CAPACITY;
}

int put(const char *key, int value)
{
    struct entry **link = &buckets[hash(key)];
    for (; *link != NULL; link = &(*link)->next) {
        if (strcmp((*link)->key, key) == 0) {
            (*link)->value = value;
            return 0;
        }
    }
    struct entry *made = malloc(sizeof *made);
    if (made == NULL || (made->key = strdup(key)) == NULL) {
        free(made);
        return -1;
    }
    made->value = value;
    made->next = NULL;
    *link = made;
    return 1;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (put(argv[i], i) < 0) {
            fprintf(stderr, "%s: no memory for \"%s\"\n", argv[0], argv[i]);
            return EXIT_FAILURE;
        }
    }
#ifdef DEBUG
    printf("%d keys\n", argc - 1);
#endif
    return EXIT_SUCCESS;
}
