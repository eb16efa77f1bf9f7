/* What init.c does its tasks with: programs, texts, waiting. */

#ifndef GUEST_H
#define GUEST_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* Bytes, with a zero behind them. Those that a function returns stay until the next call of it; `copy_of` keeps them. */
struct text {
    char *bytes;
    size_t length;
    /* The file is not there, the time was over, or the connection was reset. */
    int failed;
};

/* A program that was started. */
struct program {
    pid_t pid;
    /* Its standard output and standard error, in one pipe. */
    int output;
    /* The error number, if the kernel did not start it. */
    int failure;
};

/* The status of the program that `wait_for_end` saw last, as waitpid has it. */
extern int last_status;

long now_ms(void);
void pass_ms(long ms);
void write_all(int file, const char *bytes, size_t length);
struct text read_file(const char *path);
struct text read_to_end(int file, long patience_ms);
struct text copy_of(struct text text);
const char *escaped(struct text text);
void write_patched(const char *path, struct text original, char *patches);

/* `namespaces` are flags of clone(2). */
struct program start(const char *file, int user, int namespaces);
/* The same as the first process of a PID namespace that has orphans already: they end when all others have closed the
 * writing end of the pipe. */
struct program start_with_orphans(const char *file, int user, int orphans, int release[2]);
/* "exit 0", "signal 11" or "timeout", after which it is killed. */
const char *wait_for_end(pid_t pid, long patience_ms);
void finish(struct program *program);
int wait_for_state(pid_t pid, char state, long patience_ms);
int wait_for_children(pid_t parent, int count, long patience_ms);

void loopback_up(void);
/* A connection to a server that is starting, over IPv4 or else IPv6; below 0 if the program ends or the time is over. */
int connect_to(int port, pid_t server, long patience_ms);
/* Resets the connection, so that neither side keeps it in TIME_WAIT: some servers set no SO_REUSEADDR. */
void close_at_once(int connection);

#endif
