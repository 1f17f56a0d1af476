/* The last filter of a process that runs programs; see final_filter.py. prctl(2), seccomp(2). */

#include "trace.h"

#include <errno.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>

#define MOST 64 /* instructions; the filter has about twenty */

/* Install the filter, its number `own` replaced by the id of this process, which ends with its parent. -1 and errno. */
int install_barrier(const Barrier *barrier)
{
    struct sock_filter code[MOST];
    size_t count = (size_t)barrier->size / sizeof *code;
    if (count == 0)
        return 0;
    if (count > MOST) {
        errno = E2BIG;
        return -1;
    }
    memcpy(code, barrier->code, count * sizeof *code);
    for (size_t place = 0; place < count; place++)
        if (code[place].k == barrier->own)
            code[place].k = (__u32)getpid();
    struct sock_fprog program = {(unsigned short)count, code};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
        return -1;
    if (getppid() != barrier->parent)
        _exit(0);
    return 0;
}
#else
int install_barrier(const Barrier *barrier)
{
    errno = ENOSYS;
    return barrier->size == 0 ? 0 : -1;
}
#endif

PyObject *install_filter(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    Barrier barrier;
    long parent;
    if (!PyArg_ParseTuple(arguments, "y#Il", &barrier.code, &barrier.size, &barrier.own, &parent))
        return NULL;
    barrier.parent = (pid_t)parent;
    if (install_barrier(&barrier) < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}
