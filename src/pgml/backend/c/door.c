/* The fast door: pgml's predicting functions in C, for a server that has this module. A row that is plain numbers, of a
 * compiled model that is found, is answered here. Whatever else there is, the other door (PL/Python) answers or explains,
 * so that both say the same. */
#include "postgres.h"

#include <math.h>

#include "../../predictors/c/guard.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc_d.h"
#include "catalog/pg_type_d.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lookup.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#define LEAST_BATCH 64 /* rows of an array between two looks whether the statement was cancelled; fast models take more */

/* Before version 16 of PostgreSQL its macros do not say that these are for others to find. */
#pragma GCC visibility push(default)
PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(pgml_predict);
PG_FUNCTION_INFO_V1(pgml_predict_model);
PG_FUNCTION_INFO_V1(pgml_predict_proba);
PG_FUNCTION_INFO_V1(pgml_classify);
PG_FUNCTION_INFO_V1(pgml_predict_batch);
PG_FUNCTION_INFO_V1(pgml_predict_row);
Datum pgml_predict(PG_FUNCTION_ARGS);
Datum pgml_predict_model(PG_FUNCTION_ARGS);
Datum pgml_predict_proba(PG_FUNCTION_ARGS);
Datum pgml_classify(PG_FUNCTION_ARGS);
Datum pgml_predict_batch(PG_FUNCTION_ARGS);
Datum pgml_predict_row(PG_FUNCTION_ARGS);
#pragma GCC visibility pop

/* -- rows -------------------------------------------------------------------------------------------------- */

/* Whether a value is a number of a type that is read here; sets the number. */
static bool number(Oid type, Datum value, double *result)
{
    switch (type) {
    case FLOAT8OID: *result = DatumGetFloat8(value); return true;
    case FLOAT4OID: *result = DatumGetFloat4(value); return true;
    case INT2OID: *result = DatumGetInt16(value); return true;
    case INT4OID: *result = DatumGetInt32(value); return true;
    case INT8OID: *result = (double)DatumGetInt64(value); return true;
    case NUMERICOID: *result = DatumGetFloat8(DirectFunctionCall1(numeric_float8, value)); return true;
    default: return false;
    }
}

static void refuse(Oid type)
{
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("features are numbers, not %s", format_type_be(type))));
}

/* Read an array's numbers, NULL as NaN; false where they are of another type. Its shape does not matter. */
static bool take_numbers(ArrayType *array, ptrdiff_t n, double *row)
{
    Oid type = ARR_ELEMTYPE(array);
    int16 length;
    bool by_value;
    char alignment;
    Datum *values;
    bool *nulls;
    int count;

    if (type == FLOAT8OID && !ARR_HASNULL(array)) {
        memcpy(row, ARR_DATA_PTR(array), (size_t)n * sizeof *row);
        return true;
    }
    get_typlenbyvalalign(type, &length, &by_value, &alignment);
    deconstruct_array(array, type, length, by_value, alignment, &values, &nulls, &count);
    for (int i = 0; i < count; i++)
        if (nulls[i])
            row[i] = (double)NAN;
        else if (!number(type, values[i], row + i))
            return false;
    pfree(values);
    pfree(nulls);
    return true;
}

/* Read an array into the model's row; false where it is no flat array of as many numbers. */
static bool take(Model *model, ArrayType *array)
{
    return ARR_NDIM(array) == 1 && ARR_DIMS(array)[0] == model->n_features
           && take_numbers(array, model->n_features, model_row(model));
}

/* The same array with numbers that the other door takes. */
static ArrayType *as_float8(ArrayType *array)
{
    int count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    double *numbers;
    Datum *values;
    bool *nulls;

    if (ARR_ELEMTYPE(array) == FLOAT8OID)
        return array;
    numbers = palloc((size_t)count * sizeof *numbers);
    values = palloc((size_t)count * sizeof *values);
    nulls = palloc((size_t)count * sizeof *nulls);
    if (!take_numbers(array, count, numbers))
        refuse(ARR_ELEMTYPE(array));
    for (int i = 0; i < count; i++) {
        values[i] = Float8GetDatum(numbers[i]);
        nulls[i] = ARR_HASNULL(array) && !(ARR_NULLBITMAP(array)[i / 8] & 1 << i % 8);
    }
    return construct_md_array(values, nulls, ARR_NDIM(array), ARR_DIMS(array), ARR_LBOUND(array), FLOAT8OID, sizeof(float8),
                              FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
}

/* An array of the numbers that a function was given, from its second argument on. */
static Datum array_of(FunctionCallInfo fcinfo, const Oid *types)
{
    int count = PG_NARGS() - 1, lower = 1;
    Datum *values = palloc((size_t)count * sizeof *values);
    bool *nulls = palloc((size_t)count * sizeof *nulls);
    double value = 0.0;

    for (int i = 0; i < count; i++) {
        nulls[i] = PG_ARGISNULL(i + 1);
        if (!nulls[i] && !number(types[i + 1], PG_GETARG_DATUM(i + 1), &value))
            refuse(types[i + 1]);
        values[i] = Float8GetDatum(value);
    }
    return PointerGetDatum(construct_md_array(values, nulls, 1, &count, &lower, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
                                              TYPALIGN_DOUBLE));
}

/* -- the other door ---------------------------------------------------------------------------------------- */

/* Call a function of pgml's own, whose name the role need not be able to use; sets is_null. */
static Datum call(const char *name, int n_arguments, const Oid *types, const NullableDatum *arguments, bool *is_null)
{
    LOCAL_FCINFO(fcinfo, 2);
    Oid schema = get_namespace_oid("pgml_internal", false);
    Oid found = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
                                PointerGetDatum(buildoidvector(types, n_arguments)), ObjectIdGetDatum(schema));
    FmgrInfo function;
    Datum result;

    if (!OidIsValid(found))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION), errmsg("pgml_internal.%s is missing", name),
                        errhint("Install pgml again: pgml install.")));
    fmgr_info(found, &function);
    InitFunctionCallInfoData(*fcinfo, &function, n_arguments, InvalidOid, NULL, NULL);
    for (int i = 0; i < n_arguments; i++)
        fcinfo->args[i] = arguments[i];
    result = FunctionCallInvoke(fcinfo);
    *is_null = fcinfo->isnull;
    return result;
}

/* Have the other door answer what was asked, with one of the columns of its answer. */
static Datum other_door(const NullableDatum *arguments, const char *ask, Oid of, int column, bool *is_null)
{
    Oid types[] = {of, FLOAT8ARRAYOID};
    NullableDatum asked[] = {arguments[0], arguments[1]};
    Datum result;

    if (!asked[1].isnull)
        asked[1].value = PointerGetDatum(as_float8(DatumGetArrayTypeP(asked[1].value)));
    result = call(ask, lengthof(types), types, asked, is_null);
    if (!*is_null)
        return result;
    result = call("answer_first", 0, NULL, NULL, is_null);
    return *is_null ? result : GetAttributeByNum(DatumGetHeapTupleHeader(result), (AttrNumber)column, is_null);
}

/* -- answers ----------------------------------------------------------------------------------------------- */

/* The model of a project; NULL where it is not for this door. */
static Mapped *of_project(text *name) { return lookup_project(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)); }

/* The model of the project that the first argument names, with its row read from the second; NULL where it is not for
 * this door. */
static Mapped *asked(FunctionCallInfo fcinfo)
{
    Mapped *mapped;

    if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
        return NULL;
    mapped = of_project(PG_GETARG_TEXT_PP(0));
    return mapped && take(mapped->model, PG_GETARG_ARRAYTYPE_P(1)) ? mapped : NULL;
}

/* Whether the model answered its row; not where that is not clean, or its file is damaged. */
static bool predict(Mapped *mapped, double *result)
{
    volatile int is_answered = 0;

    if (GUARDED(is_answered = model_predict(mapped->model, result)))
        return is_answered;
    mapped->is_lost = true;
    return false;
}

Datum pgml_predict(PG_FUNCTION_ARGS)
{
    Mapped *mapped = asked(fcinfo);
    double result;

    if (mapped && predict(mapped, &result))
        PG_RETURN_FLOAT8(result);
    return other_door(fcinfo->args, "predict", TEXTOID, 1, &fcinfo->isnull);
}

Datum pgml_predict_model(PG_FUNCTION_ARGS)
{
    Mapped *mapped = PG_ARGISNULL(0) || PG_ARGISNULL(1) ? NULL : lookup_model(PG_GETARG_INT64(0));
    double result;

    if (mapped && take(mapped->model, PG_GETARG_ARRAYTYPE_P(1)) && predict(mapped, &result))
        PG_RETURN_FLOAT8(result);
    return other_door(fcinfo->args, "predict_model", INT8OID, 1, &fcinfo->isnull);
}

Datum pgml_classify(PG_FUNCTION_ARGS)
{
    Mapped *mapped = asked(fcinfo);
    double label;
    bool is_label = mapped && mapped->model->n_classes > 0 && predict(mapped, &label);

    if (!is_label) {
        Datum other = other_door(fcinfo->args, "classify", TEXTOID, 1, &fcinfo->isnull);

        if (fcinfo->isnull)
            PG_RETURN_NULL();
        label = DatumGetFloat8(other);
    }
    PG_RETURN_TEXT_P(cstring_to_text(DatumGetCString(DirectFunctionCall1(float8out, Float8GetDatum(label)))));
}

/* An array of so many float8, to be filled in. */
static ArrayType *new_array(int count)
{
    size_t size = ARR_OVERHEAD_NONULLS(1) + (size_t)count * sizeof(float8);
    ArrayType *const array = palloc0(size);

    SET_VARSIZE(array, size);
    array->ndim = 1;
    array->elemtype = FLOAT8OID;
    ARR_DIMS(array)[0] = count;
    ARR_LBOUND(array)[0] = 1;
    return array;
}

Datum pgml_predict_proba(PG_FUNCTION_ARGS)
{
    Mapped *mapped = asked(fcinfo);

    if (mapped && mapped->model->has_probabilities) {
        ArrayType *result = new_array((int)mapped->model->n_classes);
        double *probabilities = (double *)ARR_DATA_PTR(result);
        volatile int is_answered = 0;

        if (!GUARDED(is_answered = model_predict_proba(mapped->model, probabilities)))
            mapped->is_lost = true;
        else if (is_answered)
            PG_RETURN_ARRAYTYPE_P(result);
    }
    return other_door(fcinfo->args, "predict_proba", TEXTOID, 2, &fcinfo->isnull);
}

/* The answers to the rows of an array [rows, features]; NULL where this door has none. */
static ArrayType *batch(text *name, ArrayType *rows)
{
    Mapped *mapped = of_project(name);
    volatile ptrdiff_t unclean = 0;
    ptrdiff_t n_features;
    double *numbers, *answers;
    ArrayType *result;
    int n_rows, block;

    if (!mapped || ARR_NDIM(rows) != 2 || ARR_DIMS(rows)[1] != mapped->model->n_features)
        return NULL;
    n_features = mapped->model->n_features;
    n_rows = ARR_DIMS(rows)[0];
    block = (int)Max(mapped->model->block, LEAST_BATCH);
    numbers = MemoryContextAllocHuge(CurrentMemoryContext, (size_t)n_rows * (size_t)n_features * sizeof *numbers);
    result = new_array(n_rows);
    answers = (double *)ARR_DATA_PTR(result);
    if (!take_numbers(rows, n_rows * n_features, numbers))
        return NULL;
    for (int first = 0; first < n_rows; first += block) {
        ptrdiff_t count = Min(block, n_rows - first);

        CHECK_FOR_INTERRUPTS();
        if (!GUARDED(unclean = model_batch(mapped->model, (char *)(numbers + first * n_features), count, 0, answers + first))) {
            mapped->is_lost = true;
            return NULL;
        }
        if (unclean != -1)
            return NULL;
    }
    pfree(numbers);
    return result;
}

/* Have the other door answer a batch, which it takes in slices once it is known that the role may ask for such rows. */
static ArrayType *other_batch(const NullableDatum *arguments)
{
    static const Oid asked_types[] = {TEXTOID, INT4ARRAYOID}, rows_types[] = {FLOAT8ARRAYOID};
    NullableDatum asked[] = {arguments[0], {.isnull = arguments[1].isnull}};
    Datum result;
    bool is_null;

    if (!asked[1].isnull) {
        ArrayType *rows = DatumGetArrayTypeP(arguments[1].value);
        Datum shape[MAXDIM];

        for (int i = 0; i < ARR_NDIM(rows); i++)
            shape[i] = Int32GetDatum(ARR_DIMS(rows)[i]);
        asked[1].value = PointerGetDatum(construct_array(shape, ARR_NDIM(rows), INT4OID, sizeof(int32), true, TYPALIGN_INT));
    }
    (void)call("predict_batch", lengthof(asked_types), asked_types, asked, &is_null);
    result = call("answer_rows", lengthof(rows_types), rows_types, arguments + 1, &is_null);
    return is_null ? new_array(0) : DatumGetArrayTypePCopy(result);
}

Datum pgml_predict_batch(PG_FUNCTION_ARGS)
{
    FuncCallContext *context;
    ArrayType *answers;

    if (SRF_IS_FIRSTCALL()) {
        MemoryContext before;

        context = SRF_FIRSTCALL_INIT();
        before = MemoryContextSwitchTo(context->multi_call_memory_ctx);
        answers = PG_ARGISNULL(0) || PG_ARGISNULL(1) ? NULL : batch(PG_GETARG_TEXT_PP(0), PG_GETARG_ARRAYTYPE_P(1));
        if (!answers)
            answers = other_batch(fcinfo->args);
        context->user_fctx = answers;
        context->max_calls = (uint64)ArrayGetNItems(ARR_NDIM(answers), ARR_DIMS(answers));
        MemoryContextSwitchTo(before);
    }
    context = SRF_PERCALL_SETUP();
    answers = context->user_fctx;
    if (context->call_cntr < context->max_calls) {
        double next = ((double *)ARR_DATA_PTR(answers))[context->call_cntr];

        SRF_RETURN_NEXT(context, Float8GetDatum(next));
    }
    SRF_RETURN_DONE(context);
}

/* -- rows without an array --------------------------------------------------------------------------------- */

/* What `simplify` makes of predict(project, ARRAY[...]): the project, then the numbers. */
Datum pgml_predict_row(PG_FUNCTION_ARGS)
{
    int count = PG_NARGS() - 1;
    Oid *types = fcinfo->flinfo->fn_extra;
    NullableDatum all[2];
    Mapped *mapped = NULL;
    double result;

    if (!types) {
        types = fcinfo->flinfo->fn_extra = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, (size_t)(count + 1) * sizeof *types);
        for (int i = 0; i <= count; i++)
            types[i] = get_fn_expr_argtype(fcinfo->flinfo, i);
    }
    if (!PG_ARGISNULL(0))
        mapped = of_project(PG_GETARG_TEXT_PP(0));
    if (mapped && mapped->model->n_features == count) {
        double *row = model_row(mapped->model);

        for (int i = 0; i < count; i++)
            if (PG_ARGISNULL(i + 1))
                row[i] = (double)NAN;
            else if (!number(types[i + 1], PG_GETARG_DATUM(i + 1), row + i))
                refuse(types[i + 1]);
        if (predict(mapped, &result))
            PG_RETURN_FLOAT8(result);
    }
    all[0] = fcinfo->args[0];
    all[1].value = array_of(fcinfo, types);
    all[1].isnull = false;
    return other_door(all, "predict", TEXTOID, 1, &fcinfo->isnull);
}
