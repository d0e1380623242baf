/* The fast door: pgml's predicting functions in C, for a server that has this module. A row that is plain numbers, of a
 * compiled model that is found, is answered here. Whatever else there is, the other door (PL/Python) answers or explains,
 * so that both say the same. */
#include "postgres.h"

#include <math.h>

#include "../../predictors/c/guard.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc_d.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "lookup.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

/* Before version 16 of PostgreSQL its macros do not say that these are for others to find. */
#pragma GCC visibility push(default)
PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(pgml_predict);
Datum pgml_predict(PG_FUNCTION_ARGS);
#pragma GCC visibility pop

/* Read an array into the model's row; false where it is no flat array of as many numbers. */
static bool take(Model *model, ArrayType *array)
{
    ptrdiff_t n = model->n_features;
    double *row = model_row(model);

    if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != n || ARR_ELEMTYPE(array) != FLOAT8OID)
        return false;
    if (!ARR_HASNULL(array))
        memcpy(row, ARR_DATA_PTR(array), (size_t)n * sizeof *row);
    else {
        const bits8 *there = ARR_NULLBITMAP(array);
        const double *next = (const double *)ARR_DATA_PTR(array);

        for (ptrdiff_t i = 0; i < n; i++)
            row[i] = there[i / 8] & 1 << i % 8 ? *next++ : (double)NAN;
    }
    return true;
}

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

/* Have the other door answer what was asked. */
static Datum other_door(FunctionCallInfo fcinfo, const char *ask, const char *answer)
{
    static const Oid types[] = {TEXTOID, FLOAT8ARRAYOID};
    Datum result = call(ask, 2, types, fcinfo->args, &fcinfo->isnull);

    return fcinfo->isnull ? call(answer, 0, NULL, NULL, &fcinfo->isnull) : result;
}

/* Whether the model answered; not where the row is not clean, or its file is damaged. */
static bool predict(Mapped *mapped, double *result)
{
    int is_answered = 0;

    if (GUARDED(is_answered = model_predict(mapped->model, result)))
        return is_answered;
    mapped->is_lost = true;
    return false;
}

Datum pgml_predict(PG_FUNCTION_ARGS)
{
    if (!PG_ARGISNULL(0) && !PG_ARGISNULL(1)) {
        text *name = PG_GETARG_TEXT_PP(0);
        Mapped *mapped = lookup_project(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
        double result;

        if (mapped && take(mapped->model, PG_GETARG_ARRAYTYPE_P(1)) && predict(mapped, &result))
            PG_RETURN_FLOAT8(result);
    }
    return other_door(fcinfo, "predict", "predict_first");
}
