/* What the files of the module `_trace` share. */

#ifndef CODEREASONER_TRACE_H
#define CODEREASONER_TRACE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <frameobject.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* Bytes that grow. */
typedef struct {
    char *data;
    Py_ssize_t size, room;
} Text;

int grow(void **data, Py_ssize_t *room, Py_ssize_t wanted, size_t each);

static inline int text_add(Text *text, const char *data, Py_ssize_t size)
{
    if (size == 0) /* the data may be NULL then */
        return 0;
    if (text->size + size > text->room && grow((void **)&text->data, &text->room, text->size + size, 1) < 0)
        return -1;
    memcpy(text->data + text->size, data, (size_t)size);
    text->size += size;
    return 0;
}

int text_int(Text *text, long long number);
int text_unicode(Text *text, PyObject *unicode);                   /* as UTF-8, lone surrogates too */
int text_json(Text *text, const char *utf8, Py_ssize_t size);      /* as a JSON string in ASCII */
int text_json_unicode(Text *text, Text *scratch, PyObject *unicode);
Py_ssize_t text_characters(const char *utf8, Py_ssize_t size);
void text_free(Text *text);

/* Append the literal of a value: 1 done, 0 it is not for us (nothing is appended), -1 an exception is set. */
int write_literal(Text *to, PyObject *value, Py_ssize_t max_chars);
bool is_atom(PyObject *value);

/* The steps of a trace, each completed when its frame is next heard of. */
typedef struct {
    char event;
    int frame, line;
    Py_ssize_t value_at, value_size;     /* in the arena; nothing at a line */
    Py_ssize_t removed_at, removed_size; /* in the arena, as JSON */
    Py_ssize_t first, last;              /* segments of changes; -1 for none */
} Step;

/* A stretch of `"name": "text"` pairs in the arena. */
typedef struct {
    Py_ssize_t at, size, next;
} Segment;

typedef struct {
    Step *steps;
    Py_ssize_t count, room;
    Segment *segments;
    Py_ssize_t segment_count, segment_room;
    Text arena;
} Steps;

Py_ssize_t steps_add(Steps *steps, char event, int frame, int line, Py_ssize_t value_at); /* its number; -1 */
int steps_change(Steps *steps, Py_ssize_t step, Py_ssize_t at);                        /* arena from `at` on */
int steps_text(Text *text, const Steps *steps);
void steps_free(Steps *steps);

/* The tracer, and what it knows of one frame. */
typedef struct {
    PyObject *name, *value; /* value is NULL where it must be written anew each time */
    PyObject **items;       /* of a container of atoms, as they were */
    Py_ssize_t count;
    char *text; /* UTF-8 */
    Py_ssize_t size;
    bool seen;
} Known;

typedef struct {
    PyObject_HEAD
    PyObject *filename;
    long long max_steps, max_bytes, size;
    Py_ssize_t value_chars;
    long long frames, active;
    const char *cut;
    bool careful, lines_only;
    bool busy; /* hears an event: a finalizer may call the tracer, or end it */
    Steps steps;
    unsigned char *lines; /* a bit for each line */
    Py_ssize_t lines_room;
    Text scratch, name;
} Tracer;

typedef struct {
    PyObject_HEAD
    Tracer *tracer;
    PyObject *operations; /* co_code, or NULL before it was asked for */
    int number;
    bool inside;
    Py_ssize_t last; /* the step that is not complete; -1 for none */
    int told;        /* the line that the frame is at; -1 for none yet */
    Known *known;
    Py_ssize_t count, room;
    Py_ssize_t hint, start; /* of a comparison: the known name that is likely next, where its changes begin in the arena */
} Watch;

extern PyObject *describe;                                 /* of safe_repr.py */
Py_ssize_t write_text(Tracer *tracer, PyObject *value);    /* into the scratch; characters, or -1 */
int compare(Watch *watch, PyFrameObject *frame, Py_ssize_t number); /* the step gets what has changed */
int visit_locals(Watch *watch, PyFrameObject *frame, int (*visit)(Watch *, PyObject *name, PyObject *value));
extern PyTypeObject *locals_proxy;                         /* frame_locals.c */
void drop_known(Known *known);

/* events.c: the trace function of C, and what it needs from Python */
int hear(PyObject *tracer, PyFrameObject *frame, int what, PyObject *argument);
PyObject *use(PyObject *module, PyObject *arguments);
extern PyTypeObject watch_type, tracer_type, lines_type; /* trace.c */
void tracer_start(Tracer *tracer);
void tracer_stop(Tracer *tracer);
int tracer_text(Text *text, const Tracer *tracer); /* the steps, the lines and the cut, as they are in an answer */

/* final_filter.c: what the last filter of a process that runs programs is made of */
typedef struct {
    const char *code; /* struct sock_filter, one after another */
    Py_ssize_t size;
    unsigned own; /* stands in the code for the id of the process that installs it */
    pid_t parent;
} FinalFilter;
int install_final_filter(const FinalFilter *final_filter);
PyObject *install_filter(PyObject *module, PyObject *arguments);

/* job.c: a job, and its answer */
#define MAX_BODY 16000000 /* bytes of an answer, as in framing.py */
typedef struct {
    PyObject *source, *harness, *call; /* code */
    PyObject *names;                   /* in which they are evaluated */
    Tracer *tracer;                    /* of the call; NULL for none */
    PyObject *flush, *parts;           /* of the standard output */
    Py_ssize_t result_chars;
    int depth;
    double wall, cpu, most_cpu_ms; /* these are of a job in a fork of its own */
    PyObject *closing, *finish;
    FinalFilter final_filter;
} Job;
double now(clockid_t clock);
PyObject *evaluate_job(const Job *job);
bool answer_job(const Job *job, PyObject *value, double cpu_ms, Text *to); /* false: that is for Python to do */
PyObject *run_job(PyObject *module, PyObject *arguments);

PyObject *evaluate_below(PyObject *code, PyObject *names, int depth); /* evaluate.c */
PyObject *evaluate(PyObject *module, PyObject *arguments);
PyObject *guard_formats(PyObject *module, PyObject *leave);     /* guard.c */
PyObject *fork_job(PyObject *module, PyObject *arguments);      /* alone.c */
PyObject *read_answer(PyObject *module, PyObject *arguments);   /* answers.c */
PyObject *make(PyObject *module, PyObject *arguments);
PyObject *read_arguments(PyObject *module, PyObject *text);     /* arguments.c */

#endif
