/* An answer holds as long as no invalidation arrives for what it was read from: the tables of projects, models and
 * deployments (whose triggers send one for what changes them), the table that carries the project's rights, or the
 * roles. They reach every session when the change is committed, this one at once, and a standby when it is replayed.
 *
 * A statement may see an older state than the newest, though. So a project is looked up twice: as the statement sees it,
 * and as it is now. What is found holds for the first of the two snapshots; where both see the same, also for those that
 * were taken after the second. A cursor's may be older, or lie between them. */
#include "lookup.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation_d.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#define ENTRIES 64 /* the one that was not used for the longest time goes first */
#define LONGEST 2000 /* bytes of a project's name; no longer ones are made */
#define TRIES 3    /* of a file that cannot be used: the other door writes it anew, but not what it evaluates by itself */

/* What a project (or a model asked for by its id) answers with, as one snapshot sees it. */
typedef struct {
    int64 model;
    Oid rights;
    char digest[DIGEST_LENGTH + 1];
} Found;

/* Which snapshot it was. They follow one another: later ones have a higher xmax, or the same one and fewer that run. */
typedef struct {
    TransactionId xmin, xmax;
    uint32 running, subrunning;
    CommandId command;       /* up to which it sees its own transaction's */
    TimestampTz transaction; /* when that began */
} Moment;

typedef struct {
    char *name; /* NULL: asked for by the model's id */
    size_t length;
    int64 id;
    Oid role, rights;
    bool is_valid, is_lasting;
    Moment found, newest; /* the second: where it is lasting */
    int64 statement;      /* that has looked at the file, or used it last */
    Moment answered;      /* in that statement */
    uint64 used;
    int tries;
    Mapped *mapped;
} Entry;

static Entry entries[ENTRIES];
static Entry *last = entries;
static uint64 clock_of_use;
static int64 current_statement;
static Moment current_moment;
static const char *const names[] = {"projects", "models", "deployments"};
static Oid tables[lengthof(names)];

static void relation_changed(Datum none, Oid relation)
{
    bool is_all = relation == InvalidOid;

    for (int i = 0; i < lengthof(tables); i++)
        is_all |= relation == tables[i];
    for (Entry *entry = entries; entry < entries + ENTRIES; entry++)
        if (is_all || relation == entry->rights)
            entry->is_valid = false;
}

static void roles_changed(Datum none, int cache, uint32 hash)
{
    relation_changed(none, InvalidOid);
}

/* -- reading the tables, as no SQL could be hijacked to ---------------------------------------------------- */

static Oid schema(void) { return get_namespace_oid("pgml_internal", true); }

/* Read a column of a row; false where there is none, or it is NULL. */
static bool column(Relation table, HeapTuple row, const char *name, Datum *value)
{
    AttrNumber number = get_attnum(RelationGetRelid(table), name);
    bool is_null = true;

    if (number != InvalidAttrNumber)
        *value = heap_getattr(row, number, RelationGetDescr(table), &is_null);
    return !is_null;
}

/* Find the row, the last by the index, whose column has a value; NULL where there is none. To be closed with `finish`. */
typedef struct { Relation table, index; SysScanDesc scan; } Reading;

static HeapTuple find(Reading *reading, const char *table, const char *index, const char *name, RegProcedure equal,
                      Datum value, Snapshot snapshot)
{
    Oid table_oid = get_relname_relid(table, schema()), index_oid = get_relname_relid(index, schema());
    ScanKeyData key;

    *reading = (Reading){0};
    if (!OidIsValid(table_oid) || !OidIsValid(index_oid))
        return NULL;
    reading->table = table_open(table_oid, AccessShareLock);
    reading->index = index_open(index_oid, AccessShareLock);
    ScanKeyEntryInitialize(&key, 0, get_attnum(table_oid, name), BTEqualStrategyNumber, InvalidOid,
                           equal == F_TEXTEQ ? DEFAULT_COLLATION_OID : InvalidOid, equal, value);
    reading->scan = systable_beginscan_ordered(reading->table, reading->index, snapshot, 1, &key);
    return systable_getnext_ordered(reading->scan, BackwardScanDirection);
}

static void finish(Reading *reading)
{
    if (reading->scan)
        systable_endscan_ordered(reading->scan);
    if (reading->index)
        index_close(reading->index, AccessShareLock);
    if (reading->table)
        table_close(reading->table, AccessShareLock);
}

/* The model of that id: its digest, and the project's rights. */
static bool find_model(int64 id, Snapshot snapshot, Found *found)
{
    Reading reading;
    Datum digest, project = 0, rights;
    HeapTuple row = find(&reading, "models", "models_pkey", "id", F_INT8EQ, Int64GetDatum(id), snapshot);
    bool is_there = row && column(reading.table, row, "digest", &digest) && column(reading.table, row, "project_id", &project);

    if (is_there) {
        text_to_cstring_buffer(DatumGetTextPP(digest), found->digest, sizeof found->digest);
        found->model = id;
        project = Int64GetDatum(DatumGetInt64(project));
    }
    finish(&reading);
    if (!is_there)
        return false;
    row = find(&reading, "projects", "projects_pkey", "id", F_INT8EQ, project, snapshot);
    is_there = row && column(reading.table, row, "rights", &rights);
    if (is_there)
        found->rights = DatumGetObjectId(rights);
    finish(&reading);
    return is_there;
}

static bool find_project(Datum name, Snapshot snapshot, Found *found)
{
    Reading reading;
    Datum id, model;
    HeapTuple row = find(&reading, "projects", "projects_name_key", "name", F_TEXTEQ, name, snapshot);
    bool is_there = row && column(reading.table, row, "id", &id);
    int64 project = is_there ? DatumGetInt64(id) : 0;

    finish(&reading);
    if (!is_there)
        return false;
    row = find(&reading, "deployments", "deployments_project_id", "project_id", F_INT8EQ, Int64GetDatum(project), snapshot);
    is_there = row && column(reading.table, row, "model_id", &model);
    if (is_there)
        found->model = DatumGetInt64(model);
    finish(&reading);
    return is_there && find_model(found->model, snapshot, found);
}

static bool find_answer(const Entry *entry, Snapshot snapshot, Found *found)
{
    *found = (Found){0};
    if (!entry->name)
        return find_model(entry->id, snapshot, found);
    return find_project(PointerGetDatum(cstring_to_text_with_len(entry->name, (int)entry->length)), snapshot, found);
}

/* -- what is kept ------------------------------------------------------------------------------------------ */

/* Whether a role has the right to predict: REFERENCES on the column of that name. */
static bool may_predict(Oid rights, Oid role)
{
    AttrNumber number = get_attnum(rights, "predict");

    if (number == InvalidAttrNumber)
        return false;
    return pg_class_aclcheck(rights, role, ACL_REFERENCES) == ACLCHECK_OK
           || pg_attribute_aclcheck(rights, number, role, ACL_REFERENCES) == ACLCHECK_OK;
}

static Moment moment_of(Snapshot snapshot)
{
    return (Moment){.xmin = snapshot->xmin,
                    .xmax = snapshot->xmax,
                    .running = snapshot->xcnt,
                    .subrunning = (uint32)snapshot->subxcnt,
                    .command = snapshot->curcid,
                    .transaction = GetCurrentTransactionStartTimestamp()};
}

static bool is_same(const Moment *one, const Moment *other)
{
    return one->xmin == other->xmin && one->xmax == other->xmax && one->running == other->running
           && one->subrunning == other->subrunning && one->command == other->command && one->transaction == other->transaction;
}

/* Whether all that was there at one moment was there at the other. On a standby, all that run count as subtransactions. */
static bool is_since(const Moment *moment, const Moment *before)
{
    if (moment->transaction == before->transaction && moment->command < before->command)
        return false;
    if (moment->xmax != before->xmax)
        return TransactionIdFollows(moment->xmax, before->xmax);
    return moment->running <= before->running && (moment->running > 0 || moment->subrunning <= before->subrunning);
}

/* Find the answer of an entry anew, and how long it holds. An error leaves an entry that is not valid. */
static void look_up(Entry *entry, Snapshot snapshot)
{
    static bool is_registered;
    Found seen, newest;
    Mapped *before = entry->mapped;

    entry->is_valid = entry->is_lasting = false;
    if (!is_registered) {
        is_registered = true; /* there is room for a few */
        CacheRegisterRelcacheCallback(relation_changed, (Datum)0);
        CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, roles_changed, (Datum)0);
        CacheRegisterSyscacheCallback(AUTHOID, roles_changed, (Datum)0);
        CacheRegisterSyscacheCallback(DATABASEOID, roles_changed, (Datum)0); /* whose owner has a role of its own */
    }
    for (int i = 0; i < lengthof(tables); i++)
        tables[i] = get_relname_relid(names[i], schema());
    if (find_answer(entry, snapshot, &seen)) {
        entry->rights = seen.rights;
        entry->is_valid = true; /* from here on, a change that arrives ends it */
        if (!may_predict(seen.rights, entry->role))
            entry->is_valid = false;
    }
    entry->mapped = entry->is_valid ? mapped_acquire(seen.digest) : NULL;
    if (before)
        mapped_release(before); /* only now: it may be the same */
    entry->found = moment_of(snapshot);
    if (entry->is_valid && !IsInParallelMode() && !IsolationIsSerializable()) {
        PushActiveSnapshot(GetLatestSnapshot());
        entry->newest = moment_of(GetActiveSnapshot());
        entry->is_lasting = find_answer(entry, GetActiveSnapshot(), &newest) && newest.model == seen.model
                            && newest.rights == seen.rights && strcmp(newest.digest, seen.digest) == 0;
        PopActiveSnapshot();
    }
}

/* A serializable transaction has to look for itself, so that PostgreSQL knows what it has read. */
static bool is_for(const Entry *entry, const Moment *moment)
{
    if (!entry->is_valid || is_same(moment, &entry->found))
        return entry->is_valid;
    return entry->is_lasting && !IsolationIsSerializable() && is_since(moment, &entry->newest);
}

static bool is_asked(const Entry *entry, const char *name, size_t length, int64 id, Oid role)
{
    if (entry->role != role || entry->id != id || entry->length != length || !entry->name != !name)
        return false;
    return !name || memcmp(entry->name, name, length) == 0;
}

static Entry *entry_of(const char *name, size_t length, int64 id, Oid role)
{
    Entry *oldest = entries;

    if (is_asked(last, name, length, id, role))
        return last;
    for (Entry *entry = entries; entry < entries + ENTRIES; entry++) {
        if (OidIsValid(entry->role) && is_asked(entry, name, length, id, role))
            return entry;
        if (entry->used < oldest->used)
            oldest = entry;
    }
    if (oldest->mapped)
        mapped_release(oldest->mapped);
    free(oldest->name);
    *oldest = (Entry){.length = length, .id = id};
    if (name) {
        if (!(oldest->name = malloc(length + 1)))
            return NULL;
        memcpy(oldest->name, name, length);
    }
    oldest->role = role;
    return oldest;
}

static Mapped *look(const char *name, size_t length, int64 id)
{
    int64 statement = Max(GetCurrentStatementStartTimestamp(), GetCurrentTransactionStartTimestamp());
    Snapshot snapshot;
    Moment moment;
    Entry *entry;

    if (!ActiveSnapshotSet() || length > LONGEST)
        return NULL;
    snapshot = GetActiveSnapshot();
    if (snapshot->snapshot_type != SNAPSHOT_MVCC)
        return NULL;
    moment = moment_of(snapshot);
    if (statement != current_statement || !is_same(&moment, &current_moment)) {
        current_statement = statement; /* one that locks nothing would not hear of changes by itself */
        current_moment = moment;
        AcceptInvalidationMessages();
    }
    if (!(entry = entry_of(name, length, id, GetUserId())))
        return NULL;
    last = entry;
    entry->used = ++clock_of_use;
    /* What has answered goes on to do so for all rows that the snapshot is for: another's change may be seen by it, and be
     * made known only now. One's own makes another moment. */
    if (entry->statement == statement && is_same(&moment, &entry->answered) && entry->mapped && !entry->mapped->is_lost)
        return entry->mapped;
    if (!is_for(entry, &moment)) {
        look_up(entry, snapshot);
        entry->tries = 1;
    } else {
        if (entry->mapped && entry->statement != statement)
            mapped_look(entry->mapped);
        if ((!entry->mapped || entry->mapped->is_lost) && entry->tries < TRIES) {
            entry->tries++;
            look_up(entry, snapshot);
        }
    }
    entry->statement = statement;
    entry->answered = (Moment){0};
    if (!entry->is_valid || !entry->mapped || entry->mapped->is_lost)
        return NULL;
    entry->answered = moment;
    entry->tries = 0;
    return entry->mapped;
}

Mapped *lookup_project(const char *name, size_t length) { return look(name, length, 0); }
Mapped *lookup_model(int64 id) { return look(NULL, 0, id); }
