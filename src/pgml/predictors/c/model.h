/* A model in the memory of a process: what its families share. Python's reference package is the definition. Nothing
 * here knows of Python or PostgreSQL, whose modules (python.c; backend/c/door.c) are built from the same sources. */
#ifndef PGML_MODEL_H
#define PGML_MODEL_H

#include <stddef.h>
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

typedef struct { double number; uint32_t feature, left; } TreeNode;
typedef struct { float number; uint32_t way; } SingleNode;     /* copies, see forest_nodes.h */
typedef struct { double number; uint32_t way; } DoubleNode;

typedef struct { const double *coefficients, *intercept; } Linear;

typedef struct {
    const TreeNode *nodes;
    const int64_t *trees, *scores;                             /* [n_trees + 1], [n_trees] or NULL */
    const double *leaves, *start, *offset, *weights;           /* each may be NULL but start */
    double divisor, scale;
    int divides, scales;
    ptrdiff_t n_trees;
    const SingleNode *singles;                                 /* copies of the nodes: one of the two, or neither */
    const DoubleNode *doubles;
    const uint32_t *roots, *depths;                            /* of the trees in the copies; of the walks that go on at once */
} Forest;

typedef struct { int64_t feature, n_borders, missing_right; } Column;

typedef struct {
    const Column *columns;                                     /* [n_columns] */
    const float *borders;                                      /* of one column after the other */
    const uint32_t *splits;                                    /* of one tree after the other: column, place of its border */
    const int64_t *depths;                                     /* [n_trees] */
    const double *leaves, *offset;                             /* of one tree after the other, [2 ** depth, k]; [k] */
    double scale;
    int scales;
    ptrdiff_t n_columns, n_trees;
} Oblivious;

typedef struct { int code; double parameters[3]; double *weights; } Operation;  /* weights: 1 / length ^ 2, or NULL */

typedef struct {
    Operation *program;                                        /* postfix */
    ptrdiff_t n_operations, depth, first, m, rows, padded;
    const double *coefficients, *whitener;
} Machine;

typedef struct {
    Machine *machines;
    const double *vectors, *intercept;
    const int64_t *class_sizes;
    ptrdiff_t n_machines, depth, longest, pairs;
} Kernel;

typedef struct { const void *weights, *bias; ptrdiff_t n_in, n_out; } Layer;

typedef struct { Layer *layers; ptrdiff_t n_layers, widest; int activation; } Dense;

typedef struct Model {
    ptrdiff_t n_features, n_scores, n_classes;                 /* n_classes 0: regression */
    enum Output output;
    int missing, single, single_input, has_probabilities;
    const double *classes, *center, *scale, *platt;
    /* Compute the scores [n_rows, n_scores] of clean rows; variances too where they are asked for. */
    void (*scores)(const struct Model *, const double *rows, ptrdiff_t n_rows, double *scores, double *variances,
                   void *work);
    ptrdiff_t block;                                           /* most rows that scores takes at once */
    size_t work, work_per_row;                                 /* bytes of its work space */
    union { Linear linear; Forest forest; Oblivious oblivious; Kernel kernel; Dense dense; };
    void **memory;                                             /* what the model owns */
    size_t n_memory;
    double *scratch;                                           /* for one row: a model answers one at a time */
} Model;

/* Return a model made of the bytes of a predictor, which it uses where they lie, so that they have to outlive it, and
 * which model_free ends. NULL where they are not sound: then `reason` says why, or is NULL where there is no memory. */
Model *model_load(const char *bytes, size_t size, const char **reason);
void model_free(Model *);

/* Where the numbers [n_features] of a row go (NaN: missing) that the next two answer; they return 0 where it is not clean. */
static inline double *model_row(Model *model) { return model->scratch; }
int model_predict(Model *, double *answer);
int model_predict_proba(Model *, double *probabilities);       /* [n_classes]; of a model that has them */
/* Answer rows [n_rows, n_features], which need not be aligned, one block after another, in memory that does not grow with
 * them; result [n_rows] or [n_rows, n_classes]. Return the index of the first row that is not clean, -1 where all are, -2
 * where there is no memory. */
ptrdiff_t model_batch(const Model *, const char *rows, ptrdiff_t n_rows, int probabilities, double *result);

size_t model_space(const Model *);                             /* bytes that one row takes */

int output_named(Model *, const char *name);                   /* whether there is one of that name */
const char *output_misfit(Model *);                            /* why it does not fit the scores and classes; else NULL */
int output_needs_variances(const Model *, int probabilities);
double output_answer(const Model *, const double *scores, const double *variances, double *work);
void output_probabilities(const Model *, const double *scores, const double *variances, double *result, double *work);
size_t output_work(const Model *);                             /* doubles */

#endif
