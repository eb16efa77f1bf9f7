/* Programs, texts, waiting: see guest.h. */

#include "guest.h"

int last_status;

long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void pass_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

void write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, bytes, length);
        if (written < 0)
            return;
        bytes += written;
        length -= written;
    }
}

/* Reads on until the end, or until the time is over. */
struct text read_to_end(int file, long patience_ms)
{
    static char bytes[1 << 19];
    struct text text = {bytes, 0, 0};
    long end = now_ms() + patience_ms;
    for (;;) {
        struct pollfd ready = {file, POLLIN, 0};
        long left = end - now_ms();
        ssize_t length = -1;
        if (left > 0 && poll(&ready, 1, left) == 1)
            length = read(file, bytes + text.length, sizeof bytes - 1 - text.length);
        text.failed = length < 0;
        if (length <= 0)
            break;
        text.length += length;
    }
    bytes[text.length] = 0;
    return text;
}

struct text read_file(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return (struct text){"", 0, 1};
    struct text text = read_to_end(file, LONG_MAX / 2);
    close(file);
    return text;
}

struct text copy_of(struct text text)
{
    char *bytes = malloc(text.length + 1);
    memcpy(bytes, text.bytes, text.length + 1);
    return (struct text){bytes, text.length, text.failed};
}

const char *escaped(struct text text)
{
    static char line[1 << 19];
    size_t at = 0;
    for (size_t i = 0; i < text.length && at < sizeof line - 5; i++) {
        unsigned char byte = text.bytes[i];
        if (byte >= ' ' && byte <= '~' && byte != '\\')
            line[at++] = byte;
        else
            at += sprintf(line + at, "\\x%02x", byte);
    }
    line[at] = 0;
    return line;
}

/* Writes a file with other bytes at some offsets: "7=255 20=0". */
void write_patched(const char *path, struct text original, char *patches)
{
    struct text changed = copy_of(original);
    char *patch;
    while ((patch = strsep(&patches, " "))) {
        unsigned offset, value;
        if (sscanf(patch, "%u=%u", &offset, &value) == 2 && offset < changed.length)
            changed.bytes[offset] = value;
    }
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    write_all(file, changed.bytes, changed.length);
    close(file);
    free(changed.bytes);
}

/* What becomes the program; tells the error number if that fails. */
static void become(const char *file, int user, int output, int failure)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    if (user && (setgroups(0, NULL) < 0 || setgid(user) < 0 || setuid(user) < 0))
        _exit(125);
    char *arguments[] = {(char *)file, NULL}, *environment[] = {NULL};
    execve(file, arguments, environment);
    write_all(failure, (char *)&errno, sizeof errno);
    _exit(126);
}

/* Has children of a child that is gone: they are inherited by the first process of the namespace, the caller. */
static void have_orphans(int count, int release[2])
{
    pid_t parent = fork();
    if (parent == 0) {
        /* They keep no pipe of the program open. */
        for (int file = STDERR_FILENO + 1; file < 64; file++) {
            if (file != release[0])
                close(file);
        }
        char nothing;
        for (int i = 0; i < count; i++) {
            if (fork() == 0)
                _exit(read(release[0], &nothing, 1));
        }
        _exit(0);
    }
    waitpid(parent, NULL, 0);
}

static struct program start_in(const char *file, int user, int namespaces, int orphans, int release[2])
{
    int output[2], failure[2];
    struct program program = {0};
    if (pipe2(output, O_CLOEXEC) < 0 || pipe2(failure, O_CLOEXEC) < 0)
        abort();
    /* As fork(2), with flags; glibc has no wrapper that has the stack copied. */
    program.pid = syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
    if (program.pid == 0) {
        if (orphans)
            have_orphans(orphans, release);
        become(file, user, output[1], failure[1]);
    }
    close(output[1]);
    close(failure[1]);
    program.output = output[0];
    /* The other end closes when the program starts. */
    if (read(failure[0], &program.failure, sizeof program.failure) < 0)
        abort();
    close(failure[0]);
    return program;
}

struct program start(const char *file, int user, int namespaces)
{
    return start_in(file, user, namespaces, 0, NULL);
}

struct program start_with_orphans(const char *file, int user, int orphans, int release[2])
{
    return start_in(file, user, CLONE_NEWPID, orphans, release);
}

const char *wait_for_end(pid_t pid, long patience_ms)
{
    static char text[32];
    long end = now_ms() + patience_ms;
    while (waitpid(pid, &last_status, WNOHANG) == 0) {
        if (now_ms() > end) {
            kill(pid, SIGKILL);
            waitpid(pid, &last_status, 0);
            return "timeout";
        }
        pass_ms(1);
    }
    if (WIFEXITED(last_status))
        snprintf(text, sizeof text, "exit %d", WEXITSTATUS(last_status));
    else
        snprintf(text, sizeof text, "signal %d", WTERMSIG(last_status));
    return text;
}

void finish(struct program *program)
{
    close(program->output);
    /* Nobody is left of its namespace; others of it would be ours to reap. */
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

/* State and parent of a process, from /proc/PID/stat (proc(5)); 0 if it is gone. */
static char state_of(const char *pid, int *parent)
{
    char path[64], state = 0;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    struct text stat = read_file(path);
    char *behind_name = strrchr(stat.bytes, ')');
    if (!behind_name || sscanf(behind_name, ") %c %d", &state, parent) != 2)
        return 0;
    return state;
}

static char state_of_pid(pid_t pid)
{
    char number[16];
    int parent;
    snprintf(number, sizeof number, "%d", pid);
    return state_of(number, &parent);
}

static int has_ended(pid_t pid)
{
    char state = state_of_pid(pid);
    return state == 'Z' || state == 0;
}

int wait_for_state(pid_t pid, char state, long patience_ms)
{
    for (long end = now_ms() + patience_ms; now_ms() < end; pass_ms(1)) {
        if (state_of_pid(pid) == state)
            return 1;
        if (has_ended(pid))
            break;
    }
    return 0;
}

static int count_children(pid_t of)
{
    int count = 0;
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    while ((entry = readdir(processes))) {
        int parent = 0;
        if (isdigit(entry->d_name[0]) && state_of(entry->d_name, &parent) && parent == of)
            count++;
    }
    closedir(processes);
    return count;
}

int wait_for_children(pid_t parent, int count, long patience_ms)
{
    for (long end = now_ms() + patience_ms; now_ms() < end; pass_ms(1)) {
        if (count_children(parent) == count)
            return 1;
        if (has_ended(parent))
            break;
    }
    return 0;
}

void loopback_up(void)
{
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    ioctl(any, SIOCSIFFLAGS, &loopback);
    close(any);
}

static int connect_over(int family, int port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int connection = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    if (connect(connection, address, family == AF_INET ? sizeof v4 : sizeof v6) == 0)
        return connection;
    int failure = errno;
    close(connection);
    errno = failure;
    return -1;
}

int connect_to(int port, pid_t server, long patience_ms)
{
    for (long end = now_ms() + patience_ms; now_ms() < end; pass_ms(1)) {
        int connection = connect_over(AF_INET, port);
        if (connection < 0)
            connection = connect_over(AF_INET6, port);
        siginfo_t ended = {0};
        if (connection >= 0 || (waitid(P_PID, server, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid))
            return connection;
    }
    return -1;
}

void close_at_once(int connection)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(connection);
}
