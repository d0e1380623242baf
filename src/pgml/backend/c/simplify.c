/* What the planner may put in place of predict(project, array): casts of whole arrays cost more than most predictions,
 * and so does making an array of columns only to take it apart again. */
#include "postgres.h"

#include "catalog/pg_proc_d.h"
#include "catalog/pg_type_d.h"
#include "fmgr.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#define MOST_NUMBERS (FUNC_MAX_ARGS - 1)

#pragma GCC visibility push(default)
PG_FUNCTION_INFO_V1(pgml_simplify);
Datum pgml_simplify(PG_FUNCTION_ARGS);
#pragma GCC visibility pop

/* Whether the functions below read numbers of a type. */
static bool is_read(Oid type)
{
    return type == FLOAT8OID || type == FLOAT4OID || type == INT2OID || type == INT4OID || type == INT8OID || type == NUMERICOID;
}

/* A call of another function of the same schema; NULL where there is none. */
static Node *call(FuncExpr *instead_of, const char *name, const Oid *types, int count, List *arguments)
{
    Oid found = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
                                PointerGetDatum(buildoidvector(types, count)), ObjectIdGetDatum(get_func_namespace(instead_of->funcid)));
    FuncExpr *made;

    if (!OidIsValid(found))
        return NULL;
    made = makeFuncExpr(found, FLOAT8OID, arguments, InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
    made->location = instead_of->location;
    return (Node *)made;
}

/* Return a call that does the same as predict(text, float8[]); NULL where there is none that is better. */
static Node *simplified(FuncExpr *predict)
{
    static const Oid row_types[] = {TEXTOID, ANYOID}, array_types[] = {TEXTOID, ANYARRAYOID};
    Node *name = linitial(predict->args), *array = lsecond(predict->args);
    Oid type = FLOAT8OID;

    if (IsA(array, ArrayCoerceExpr)) {
        array = (Node *)((ArrayCoerceExpr *)array)->arg;
        type = get_element_type(exprType(array));
        if (!is_read(type))
            return NULL;
    }
    if (IsA(array, ArrayExpr) && !((ArrayExpr *)array)->multidims && ((ArrayExpr *)array)->element_typeid == type) {
        List *numbers = ((ArrayExpr *)array)->elements;

        if (numbers == NIL || list_length(numbers) > MOST_NUMBERS)
            return NULL;
        return call(predict, "predict_row", row_types, lengthof(row_types), lcons(name, list_copy(numbers)));
    }
    if (array != lsecond(predict->args))
        return call(predict, "predict_array", array_types, lengthof(array_types), list_make2(name, array));
    return NULL;
}

Datum pgml_simplify(PG_FUNCTION_ARGS)
{
    Node *request = (Node *)PG_GETARG_POINTER(0);

    if (IsA(request, SupportRequestSimplify))
        PG_RETURN_POINTER(simplified(((SupportRequestSimplify *)request)->fcall));
    PG_RETURN_POINTER(NULL);
}
