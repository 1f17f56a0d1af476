/* One job in a fork of this process, as forked.py has it done in Python: fork, confine, run, answer, wait.

   A fork costs what its child and its parent write to afterwards, page by page: in Python that is every object that is
   looked at, here it is little more than what the program needs. Whatever is not simply a value with a literal is given
   to Python, in the child. setsid(2), setrlimit(2), setitimer(2), fork(2), poll(2), wait4(2). */

#include "trace.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEADER 12
#define LONGEST_POLL 3600 /* seconds, far less than an int has milliseconds */

/* ---- in the child */

/* The namespace of a module that stays as long as this process. */
static PyObject *make_names(void)
{
    PyObject *module = PyModule_New("program");
    if (module == NULL || PyDict_SetItemString(PyImport_GetModuleDict(), "program", module) < 0)
        return NULL;
    return PyModule_GetDict(module);
}

/* Write a frame, its length in its head. */
static void put(int writer, Text *frame)
{
    for (int place = 0; place < 4; place++)
        frame->data[8 + place] = (char)((frame->size - HEADER) >> (8 * place));
    for (Py_ssize_t sent = 0, part; sent < frame->size; sent += part)
        if ((part = write(writer, frame->data + sent, (size_t)(frame->size - sent))) < 0) {
            if (errno != EINTR)
                break;
            part = 0;
        }
}

/* Send the answer, if it is a value with a literal and nothing else; false where that is for Python to do. */
static bool answer(const Job *job, PyObject *value, double cpu_ms, int writer)
{
    Text frame = {0};
    if (cpu_ms > job->most_cpu_ms || text_add(&frame, "CR\1\3\0\0\0\0\0\0\0", HEADER) < 0 ||
        !answer_job(job, value, cpu_ms, &frame)) {
        PyErr_Clear();
        return false;
    }
    put(writer, &frame);
    return true;
}

/* The limits of the program and its last filter; without them it does not run. */
static void confine(const Job *job)
{
    struct rlimit none = {0, 0};
    struct itimerval timer = {{0, 0}, {(time_t)job->cpu, (suseconds_t)((job->cpu - (double)(time_t)job->cpu) * 1e6)}};
    setsid();
    setrlimit(RLIMIT_NPROC, &none);
    setitimer(ITIMER_PROF, &timer, NULL);
    if (install_final_filter(&job->final_filter) < 0)
        kill(getpid(), SIGKILL); /* it has been proved that it can be had: perhaps memory is short, and the next try is better */
}

static void live(Job *job, int writer)
{
    for (Py_ssize_t place = 0; place < PyTuple_GET_SIZE(job->closing); place++)
        close((int)PyLong_AsLong(PyTuple_GET_ITEM(job->closing, place)));
    confine(job);
    PyGC_Enable();
    if (job->source == Py_None) {
        PyObject *done = PyObject_CallFunction(job->finish, "OOd", Py_None, Py_None, -1.0);
        Py_XDECREF(done);
        _exit(0);
    }
    double started = now(CLOCK_THREAD_CPUTIME_ID);
    job->names = make_names();
    PyObject *value = job->names ? evaluate_job(job) : NULL;
    PyGC_Disable(); /* nothing of the program dies before it is answered */
    double cpu_ms = (now(CLOCK_THREAD_CPUTIME_ID) - started) * 1000;
    if (value == NULL || !answer(job, value, cpu_ms, writer)) {
        PyObject *kind = NULL, *error = NULL, *trace = NULL;
        if (value == NULL) {
            PyErr_Fetch(&kind, &error, &trace);
            PyErr_NormalizeException(&kind, &error, &trace);
        }
        PyObject_CallFunction(job->finish, "OOd", value ? value : Py_None, error ? error : Py_None, cpu_ms);
    }
    _exit(0);
}

/* ---- in the parent */

/* Read one frame, or what begins like none; false when the time is up before that. */
static bool listen_to(int reader, double deadline, Text *heard)
{
    Py_ssize_t wanted = HEADER;
    while (heard->size < wanted) {
        double left = deadline - now(CLOCK_MONOTONIC);
        struct pollfd place = {reader, POLLIN, 0};
        int ready = poll(&place, 1, left <= 0 ? 0 : left < LONGEST_POLL ? (int)(left * 1000) + 1 : LONGEST_POLL * 1000);
        if ((ready < 0 && errno == EINTR) || (ready == 0 && left > 0))
            continue;
        if (ready <= 0)
            return false;
        if (grow((void **)&heard->data, &heard->room, heard->size + 65536, 1) < 0) {
            PyErr_Clear();
            return false;
        }
        Py_ssize_t size = read(reader, heard->data + heard->size, 65536);
        if (size <= 0)
            return true;
        heard->size += size;
        if (heard->size < HEADER)
            continue;
        const unsigned char *head = (const unsigned char *)heard->data;
        if (head[0] != 'C' || head[1] != 'R')
            return true;
        wanted = HEADER + (Py_ssize_t)(head[8] | (unsigned)head[9] << 8 | (unsigned)head[10] << 16 | (unsigned)head[11] << 24);
        if (wanted > HEADER + MAX_BODY)
            return true;
    }
    return true;
}

PyObject *fork_job(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Job job = {0};
    int pipes[2], status = 0;
    if (!PyArg_ParseTuple(arguments, "iidddO!OOOniOO!Oy#I", &pipes[0], &pipes[1], &job.wall, &job.cpu, &job.most_cpu_ms,
                          &PyTuple_Type, &job.closing, &job.source, &job.harness, &job.call, &job.result_chars, &job.depth, &job.flush, &PyList_Type,
                          &job.parts, &job.finish, &job.final_filter.code, &job.final_filter.size, &job.final_filter.own))
        return NULL;
    job.final_filter.parent = getpid();
    PyOS_BeforeFork();
    pid_t child = fork();
    if (child == 0) {
        PyOS_AfterFork_Child();
        close(pipes[0]);
        live(&job, pipes[1]);
    }
    int reason = errno;
    PyOS_AfterFork_Parent();
    close(pipes[1]);
    if (child < 0) {
        close(pipes[0]);
        errno = reason;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    Text heard = {0};
    struct rusage used = {0};
    bool in_time = listen_to(pipes[0], now(CLOCK_MONOTONIC) + job.wall, &heard);
    close(pipes[0]);
    killpg(child, SIGKILL);
    kill(child, SIGKILL);
    while (wait4(child, &status, 0, &used) < 0 && errno == EINTR)
        continue;
    double seconds = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                     (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    PyObject *result = Py_BuildValue("y#Oid", heard.data ? heard.data : "", heard.size, in_time ? Py_True : Py_False,
                                     status, seconds);
    text_free(&heard);
    return result;
}
