/* pgml.backend._process: what every prediction asks of the server, without the milliseconds that importing ctypes
   costs a new backend. The server's own functions are looked up in the process: nothing of its headers is needed. */

#define PY_SSIZE_T_CLEAN
#define _GNU_SOURCE
#include <Python.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static unsigned int (*get_user_id)(void);
static int64_t (*get_statement_start)(void);
static int64_t (*get_transaction_start)(void);
static int *parallel_worker_number;
static char **background_worker; /* a struct that opens with the worker's name */

static PyObject *user(PyObject *self, PyObject *none)
{
    return PyLong_FromUnsignedLong(get_user_id());
}

static PyObject *statement(PyObject *self, PyObject *none)
{
    int64_t statement_start = get_statement_start(), transaction_start = get_transaction_start();

    return PyLong_FromLongLong(statement_start > transaction_start ? statement_start : transaction_start);
}

static PyObject *leader(PyObject *self, PyObject *none)
{
    int process;

    if (*parallel_worker_number < 0)
        Py_RETURN_NONE;
    if (*background_worker == NULL || sscanf(*background_worker, "parallel worker for PID %d", &process) != 1)
        process = getpid();
    return PyLong_FromLong(process);
}

static PyMethodDef methods[] = {
    {"user", user, METH_NOARGS, "Return the OID of the role whose privileges count now."},
    {"statement", statement, METH_NOARGS, "Return a number that tells one statement from the next."},
    {"leader", leader, METH_NOARGS, "Return the process that this parallel worker works for; None in another process."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "pgml.backend._process", "What a backend is doing, and for whom.", -1, methods,
};

PyMODINIT_FUNC PyInit__process(void)
{
    get_user_id = (unsigned int (*)(void))dlsym(RTLD_DEFAULT, "GetUserId");
    get_statement_start = (int64_t (*)(void))dlsym(RTLD_DEFAULT, "GetCurrentStatementStartTimestamp");
    get_transaction_start = (int64_t (*)(void))dlsym(RTLD_DEFAULT, "GetCurrentTransactionStartTimestamp");
    parallel_worker_number = dlsym(RTLD_DEFAULT, "ParallelWorkerNumber");
    background_worker = dlsym(RTLD_DEFAULT, "MyBgworkerEntry");
    if (get_user_id == NULL || get_statement_start == NULL || get_transaction_start == NULL ||
        parallel_worker_number == NULL || background_worker == NULL) {
        PyErr_SetString(PyExc_ImportError, "this process is no PostgreSQL backend");
        return NULL;
    }
    return PyModule_Create(&module);
}
