/* The model type of the C module, and what its families share. Python's reference package is the definition. */
#ifndef PGML_MODEL_H
#define PGML_MODEL_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

/* The hot loops are also built for processors with wider registers, where compiler and loader can choose.
 * No such build fuses a multiplication with an addition (see -ffp-contract in pyproject.toml): results are
 * the same on every processor. */
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

/* Four numbers side by side, in as many registers as that takes; they need not be aligned to more than one. */
typedef double Four __attribute__((vector_size(32), aligned(8), may_alias));

enum Output { VALUE, EXP, SIGMOID, LABEL, LOGISTIC, LOGISTIC_CLOSED, EXPONENTIAL, SOFTMAX, ONE_VS_REST, MODIFIED_HUBER,
              PROBABILITY, SAMME, ONE_VS_ONE, ONE_VS_ONE_TIES, ONE_VS_ONE_CALIBRATED, GAUSSIAN_PROCESS, GAUSSIAN_PROCESS_VOTES };

typedef struct { double number; uint32_t feature, left; } Node;

typedef struct { const double *coefficients, *intercept; } Linear;

typedef struct {
    const Node *nodes;
    const int64_t *trees, *scores;                             /* [n_trees + 1], [n_trees] or NULL */
    const double *leaves, *start, *offset, *weights;           /* each may be NULL but start */
    double divisor, scale;
    int divides, scales;
    Py_ssize_t n_trees;
} Forest;

typedef struct { int code; double parameters[3]; double *weights; } Operation;  /* weights: 1 / length ^ 2, or NULL */

typedef struct {
    Operation *program;                                        /* postfix */
    Py_ssize_t n_operations, depth, first, m, rows, padded;
    const double *coefficients, *whitener;
} Machine;

typedef struct {
    Machine *machines;
    const double *vectors, *intercept;
    const int64_t *class_sizes;
    Py_ssize_t n_machines, depth, longest, pairs;
} Kernel;

typedef struct { const void *weights, *bias; Py_ssize_t n_in, n_out; } Layer;

typedef struct { Layer *layers; Py_ssize_t n_layers, widest; int activation; } Dense;

typedef struct Model {
    PyObject_HEAD
    Py_ssize_t n_features, n_scores, n_classes;                /* n_classes 0: regression */
    enum Output output;
    int missing, single, single_input, has_probabilities;
    const double *classes, *center, *scale, *platt;
    /* Compute the scores [n_rows, n_scores] of clean rows; variances too where they are asked for. */
    void (*scores)(const struct Model *, const double *rows, Py_ssize_t n_rows, double *scores, double *variances,
                   void *work);
    Py_ssize_t block;                                          /* most rows that scores takes at once */
    size_t work, work_per_row;                                 /* bytes of its work space */
    union { Linear linear; Forest forest; Kernel kernel; Dense dense; };
    Py_buffer *buffers;                                        /* what the model borrows from Python */
    void **memory;                                             /* what it owns */
    Py_ssize_t n_buffers, n_memory;
    double *scratch;                                           /* for one row; the lock of Python guards it */
} Model;

/* Each sets a Python error (ValueError, MemoryError) and returns -1 or NULL where it fails. */
const void *model_borrow(Model *, PyObject *, char format, Py_ssize_t *count);
const void *model_borrow_exactly(Model *, PyObject *, char format, Py_ssize_t count);
void *model_allocate(Model *, size_t count, size_t size);
int model_refuse(const char *reason);

int linear_fill(Model *, PyObject *parts);
int forest_fill(Model *, PyObject *parts);
int kernel_fill(Model *, PyObject *parts);
int dense_fill(Model *, PyObject *parts);

int output_set(Model *, const char *name);
int output_needs_variances(const Model *, int probabilities);
double output_answer(const Model *, const double *scores, const double *variances, double *work);
void output_probabilities(const Model *, const double *scores, const double *variances, double *result, double *work);
size_t output_work(const Model *);                             /* doubles */

#endif
