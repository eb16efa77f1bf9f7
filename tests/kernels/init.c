/* The first process of a virtual machine, or of a container, that runs asmgen's programs on its kernel. It knows how to run one; what is
 * right is judged outside. It reads /plan, one task a line:
 *
 *     NAME hello USER FILE                 run it to its end
 *     NAME pause USER FILE                 end it by signals, stop it, leave it orphans, in a PID namespace and without
 *     NAME server USER FILE PORT REQUESTS  ask it everything in the files REQUESTS.0, REQUESTS.1, ...
 *     NAME map USER FILE PATCHES           run it once per line of PATCHES, "OFFSET=VALUE ...", with these bytes changed
 *
 * and says what happens on the console, one fact a line: "@ NAME fact". Bytes are escaped as \xNN where they are not
 * printable. The last line is "@ end". Names have no spaces, USER is a number. Times are in milliseconds. */

#include "guest.h"

/* A program that says or does nothing for so long never will. Emulated processors are slow. */
enum { PATIENCE_MS = 20000 };
/* A changed program that runs for so long hangs. */
enum { CHANGED_PATIENCE_MS = 1000 };
/* The orphans that a pause is left. */
enum { ORPHANS = 3 };

static const char *task;

static void say(const char *format, ...)
{
    static char line[1 << 20];
    int start = snprintf(line, sizeof line, "@ %s ", task);
    va_list arguments;
    va_start(arguments, format);
    int length = start + vsnprintf(line + start, sizeof line - start - 1, format, arguments);
    va_end(arguments);
    line[length++] = '\n';
    write_all(STDOUT_FILENO, line, length);
}

static void hello(int user, const char *file)
{
    struct program program = start(file, user, 0);
    struct text output = read_to_end(program.output, PATIENCE_MS);
    const char *end = wait_for_end(program.pid, PATIENCE_MS);
    say("%s, output %s", end, escaped(output));
    finish(&program);
}

/* Stops a sleeping program, lets it continue, and ends it. */
static void stop_and_end(int user, const char *file, int namespaces, int signal, const char *name)
{
    struct program program = start(file, user, namespaces);
    int slept = wait_for_state(program.pid, 'S', PATIENCE_MS);
    kill(program.pid, SIGSTOP);
    int stopped = wait_for_state(program.pid, 'T', PATIENCE_MS);
    kill(program.pid, SIGCONT);
    int slept_again = wait_for_state(program.pid, 'S', PATIENCE_MS);
    kill(program.pid, signal);
    const char *end = wait_for_end(program.pid, PATIENCE_MS);
    say("%s: slept %d, stopped %d, slept again %d, %s", name, slept, stopped, slept_again, end);
    finish(&program);
}

/* Gives a program that is the first of its PID namespace orphans, and sees them reaped when they end. */
static void adopt(int user, const char *file)
{
    int release[2];
    if (pipe2(release, O_CLOEXEC) < 0)
        abort();
    struct program program = start_with_orphans(file, user, ORPHANS, release);
    int slept = wait_for_state(program.pid, 'S', PATIENCE_MS);
    int adopted = wait_for_children(program.pid, ORPHANS, PATIENCE_MS);
    close(release[1]);
    int reaped = wait_for_children(program.pid, 0, PATIENCE_MS);
    kill(program.pid, SIGTERM);
    const char *end = wait_for_end(program.pid, PATIENCE_MS);
    say("orphans: slept %d, adopted %d, reaped %d, %s", slept, adopted, reaped, end);
    close(release[0]);
    finish(&program);
}

static void pause_task(int user, const char *file)
{
    stop_and_end(user, file, 0, SIGTERM, "TERM");
    stop_and_end(user, file, 0, SIGINT, "INT");
    stop_and_end(user, file, CLONE_NEWPID, SIGTERM, "TERM as PID 1");
    stop_and_end(user, file, CLONE_NEWPID, SIGINT, "INT as PID 1");
    adopt(user, file);
}

/* Sends a request and says the whole reply. */
static void ask(const struct program *program, int port, const char *requests, int number, struct text request)
{
    int connection = connect_to(port, program->pid, PATIENCE_MS);
    if (connection < 0) {
        say("reply %d: no connection: %s", number, strerror(errno));
        return;
    }
    write_all(connection, request.bytes, request.length);
    struct text reply = read_to_end(connection, PATIENCE_MS);
    say("reply %d to %s: %s%s", number, requests, escaped(reply), reply.failed ? " and a failure" : "");
    close_at_once(connection);
}

static void server(int user, const char *file, int port, const char *requests)
{
    struct program program = start(file, user, 0);
    for (int number = 0;; number++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s.%d", requests, number);
        struct text request = read_file(path);
        if (request.failed)
            break;
        ask(&program, port, requests, number, copy_of(request));
    }
    kill(program.pid, SIGTERM);
    const char *end = wait_for_end(program.pid, PATIENCE_MS);
    struct text output = read_to_end(program.output, PATIENCE_MS);
    say("%s, output %s", end, escaped(output));
    finish(&program);
}

/* Runs a changed program: '=' it did the same, 'o' its output or exit code differ, 's' a signal ended it, 'e' the kernel
 * did not start it, 't' it did not end. */
static char run_changed(int user, const char *file, struct text expected)
{
    struct program program = start(file, user, 0);
    struct text output = read_to_end(program.output, CHANGED_PATIENCE_MS);
    char end = wait_for_end(program.pid, output.failed ? 0 : CHANGED_PATIENCE_MS)[0];
    int same = output.length == expected.length && !memcmp(output.bytes, expected.bytes, output.length);
    char result = program.failure ? 'e' : end == 's' ? 's' : end == 't' ? 't' : 'o';
    if (!program.failure && last_status == 0 && same)
        result = '=';
    finish(&program);
    return result;
}

static void map(int user, const char *file, const char *patches)
{
    static const char changed[] = "/changed";
    struct program whole = start(file, user, 0);
    struct text expected = copy_of(read_to_end(whole.output, PATIENCE_MS));
    wait_for_end(whole.pid, PATIENCE_MS);
    finish(&whole);
    struct text original = copy_of(read_file(file)), lines = copy_of(read_file(patches));
    char *results = calloc(1, lines.length + 1), *rest = lines.bytes, *line;
    for (int number = 0; (line = strsep(&rest, "\n")) && *line; number++) {
        write_patched(changed, original, line);
        results[number] = run_changed(user, changed, expected);
    }
    say("%s", results);
    free(results);
}

/* One line of the plan. */
static void do_task(char *line)
{
    char *words[6] = {0};
    for (int count = 0; count < 6 && line; count++)
        words[count] = strsep(&line, " ");
    task = words[0];
    const char *kind = words[1];
    int user = atoi(words[2]);
    if (!strcmp(kind, "hello"))
        hello(user, words[3]);
    else if (!strcmp(kind, "pause"))
        pause_task(user, words[3]);
    else if (!strcmp(kind, "server"))
        server(user, words[3], atoi(words[4]), words[5]);
    else if (!strcmp(kind, "map"))
        map(user, words[3], words[4]);
    else
        say("this kind of task is unknown");
}

static void settle_in(void)
{
    task = "machine";
    /* gVisor has one. */
    mkdir("/proc", 0755);
    if (access("/proc/self", F_OK) < 0 && mount("proc", "/proc", "proc", 0, NULL) < 0)
        say("no /proc: %s", strerror(errno));
    /* The most that any kernel asks of users without privileges. Whether it holds is judged outside. */
    int lowest = open("/proc/sys/vm/mmap_min_addr", O_WRONLY | O_CLOEXEC);
    write_all(lowest, "65536", 5);
    close(lowest);
    loopback_up();
    struct utsname name;
    uname(&name);
    say("%s %s, pages of %ld bytes", name.release, name.machine, sysconf(_SC_PAGESIZE));
    say("mmap_min_addr %s", escaped(read_file("/proc/sys/vm/mmap_min_addr")));
}

int main(void)
{
    settle_in();
    char *rest = copy_of(read_file("/plan")).bytes, *line;
    while ((line = strsep(&rest, "\n")) && *line)
        do_task(line);
    static const char end[] = "@ end\n";
    write_all(STDOUT_FILENO, end, sizeof end - 1);
    tcdrain(STDOUT_FILENO);
    /* Under gVisor it is no machine that ends, but this process. */
    reboot(RB_POWER_OFF);
    return 0;
}
