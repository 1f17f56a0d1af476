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
int install_final_filter(const FinalFilter *final_filter)
{
    struct sock_filter code[MOST];
    size_t count = (size_t)final_filter->size / sizeof *code;
    if (count == 0)
        return 0;
    if (count > MOST) {
        errno = E2BIG;
        return -1;
    }
    memcpy(code, final_filter->code, count * sizeof *code);
    for (size_t place = 0; place < count; place++)
        if (code[place].k == final_filter->own)
            code[place].k = (__u32)getpid();
    struct sock_fprog program = {(unsigned short)count, code};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
        return -1;
    if (getppid() != final_filter->parent)
        _exit(0);
    return 0;
}
#else
int install_final_filter(const FinalFilter *final_filter)
{
    errno = ENOSYS;
    return final_filter->size == 0 ? 0 : -1;
}
#endif

PyObject *install_filter(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    FinalFilter final_filter;
    long parent;
    if (!PyArg_ParseTuple(arguments, "y#Il", &final_filter.code, &final_filter.size, &final_filter.own, &parent))
        return NULL;
    final_filter.parent = (pid_t)parent;
    if (install_final_filter(&final_filter) < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    Py_RETURN_NONE;
}
