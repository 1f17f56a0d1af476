/* A job: its program, its harness and its call are evaluated, the call is traced if it is to be, and the answer is
   written, as run_job.py and encode.py do. In a fork of its own (alone.c), or in a process that programs share. Whatever is
   not simply a value with a literal is left to Python. */

#include "trace.h"

double now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static PyObject *evaluate_traced(const Job *job)
{
    PyObject *kind, *error, *trace;
    tracer_start(job->tracer);
    PyObject *value = evaluate_below(job->call, job->names, job->depth);
    PyErr_Fetch(&kind, &error, &trace);
    PyGC_Disable(); /* nothing of the program dies before it is answered */
    tracer_stop(job->tracer);
    PyErr_Restore(kind, error, trace);
    return value;
}

PyObject *evaluate_job(const Job *job)
{
    PyObject *done = evaluate_below(job->source, job->names, job->depth);
    if (done != NULL && job->harness != Py_None) {
        Py_DECREF(done);
        done = evaluate_below(job->harness, job->names, job->depth);
    }
    if (done == NULL)
        return NULL;
    Py_DECREF(done);
    return job->tracer ? evaluate_traced(job) : evaluate_below(job->call, job->names, job->depth);
}

/* Whether the program has written nothing to its standard output. */
static bool is_silent(const Job *job)
{
    PyObject *done = PyObject_CallNoArgs(job->flush);
    Py_XDECREF(done);
    return done != NULL && PyList_GET_SIZE(job->parts) == 0;
}

bool answer_job(const Job *job, PyObject *value, double cpu_ms, Text *to)
{
    char rest[64];
    Text literal = {0};
    int size = snprintf(rest, sizeof rest, ", \"\", %.3f]", cpu_ms);
    bool done = is_silent(job) && write_literal(&literal, value, job->result_chars) == 1 &&
                text_add(to, "[\"ok\", ", 7) == 0 && text_json(to, literal.data, literal.size) == 0 &&
                text_add(to, ", \"\", \"\", ", 10) == 0 &&
                (job->tracer ? tracer_text(to, job->tracer) : text_add(to, "[], [], \"\"", 10)) == 0 &&
                text_add(to, rest, size) == 0 && to->size <= MAX_BODY;
    text_free(&literal);
    if (!done)
        PyErr_Clear();
    return done;
}

PyObject *run_job(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Job job;
    PyObject *tracer;
    double started;
    if (!PyArg_ParseTuple(arguments, "OOOO!OdniOO!", &job.source, &job.harness, &job.call, &PyDict_Type, &job.names,
                          &tracer, &started, &job.result_chars, &job.depth, &job.flush, &PyList_Type, &job.parts))
        return NULL;
    job.tracer = tracer == Py_None ? NULL : (Tracer *)tracer;
    PyObject *value = evaluate_job(&job);
    PyGC_Disable();
    if (value == NULL)
        return NULL;
    Text body = {0};
    bool done = answer_job(&job, value, (now(CLOCK_THREAD_CPUTIME_ID) - started) * 1000, &body);
    PyObject *result = Py_BuildValue("Ny#", value, done ? body.data : "", done ? body.size : 0);
    text_free(&body);
    return result;
}
