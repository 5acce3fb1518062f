//! Routines and triggers.

use super::{Ask, list, no_extension_member, user_schema};

/// Functions, procedures and aggregates. Of an aggregate the clauses of its definition, each `WORD` or `WORD` and value.
pub(in super::super) fn routines(ask: &Ask<'_>) -> String {
    format!(
        "SELECT p.oid, n.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', p.prokind, l.lanname, \
           pg_get_function_result(p.oid), p.provolatile, p.prosecdef, p.proisstrict, \
           CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END, \
           pg_get_function_identity_arguments(p.oid), \
           CASE WHEN p.prokind = 'a' THEN {clauses} END \
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang \
         LEFT JOIN pg_aggregate g ON g.aggfnoid = p.oid LEFT JOIN pg_operator o ON o.oid = g.aggsortop \
         LEFT JOIN pg_namespace os ON os.oid = o.oprnamespace \
         WHERE {} AND {}{} AND {own}",
        user_schema("n.nspname"),
        no_extension_member("pg_proc", "p.oid"),
        ask.condition("p.oid"),
        // A range type brings the functions that make its values.
        own = ask.only_whole(
            "NOT EXISTS (SELECT FROM pg_depend part WHERE part.classid = 1255 AND part.objid = p.oid AND part.deptype = 'i')",
            "true"
        ),
        clauses = list(&format!("ARRAY[{}]", aggregate_clauses().join(", "))),
    )
}

/// The clauses of `CREATE AGGREGATE` in the order of the manual; NULL for those that are not there.
fn aggregate_clauses() -> Vec<String> {
    let function = |word: &str, column: &str| {
        format!("CASE WHEN g.{column}::oid <> 0 THEN '{word}' || chr(30) || g.{column}::text END")
    };
    let flag = |word: &str, column: &str| format!("CASE WHEN g.{column} THEN '{word}' END");
    let size =
        |word: &str, column: &str| format!("CASE WHEN g.{column} <> 0 THEN '{word}' || chr(30) || g.{column} END");
    let literal = |word: &str, column: &str| format!("'{word}' || chr(30) || quote_literal(g.{column})");
    // The default is READ_WRITE for ordered sets, READ_ONLY for the others.
    let modify = |word: &str, function: &str, column: &str| {
        format!(
            "CASE WHEN g.{function}::oid <> 0 AND g.{column} <> CASE WHEN g.aggkind = 'n' THEN 'r' ELSE 'w' END \
             THEN '{word}' || chr(30) || \
             CASE g.{column} WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END END"
        )
    };
    vec![
        function("SFUNC", "aggtransfn"),
        "'STYPE' || chr(30) || format_type(g.aggtranstype, NULL)".to_owned(),
        size("SSPACE", "aggtransspace"),
        function("FINALFUNC", "aggfinalfn"),
        flag("FINALFUNC_EXTRA", "aggfinalextra"),
        modify("FINALFUNC_MODIFY", "aggfinalfn", "aggfinalmodify"),
        function("COMBINEFUNC", "aggcombinefn"),
        function("SERIALFUNC", "aggserialfn"),
        function("DESERIALFUNC", "aggdeserialfn"),
        literal("INITCOND", "agginitval"),
        function("MSFUNC", "aggmtransfn"),
        function("MINVFUNC", "aggminvtransfn"),
        "CASE WHEN g.aggmtranstype <> 0 THEN 'MSTYPE' || chr(30) || format_type(g.aggmtranstype, NULL) END".to_owned(),
        size("MSSPACE", "aggmtransspace"),
        function("MFINALFUNC", "aggmfinalfn"),
        flag("MFINALFUNC_EXTRA", "aggmfinalextra"),
        modify("MFINALFUNC_MODIFY", "aggmfinalfn", "aggmfinalmodify"),
        literal("MINITCOND", "aggminitval"),
        "'SORTOP' || chr(30) || 'OPERATOR(' || quote_ident(os.nspname) || '.' || o.oprname || ')'".to_owned(),
        "CASE p.proparallel WHEN 's' THEN 'PARALLEL' || chr(30) || 'SAFE' \
           WHEN 'r' THEN 'PARALLEL' || chr(30) || 'RESTRICTED' END"
            .to_owned(),
        "CASE WHEN g.aggkind = 'h' THEN 'HYPOTHETICAL' END".to_owned(),
    ]
}

/// Triggers of tables and views. Up to 14, those that a partition has from its partitioned table count as internal; they
/// are read where they fire otherwise than that one.
pub(in super::super) fn triggers(ask: &Ask<'_>) -> String {
    let kept = if ask.whole && ask.major < 15 {
        "(NOT g.tgisinternal OR pg.tgenabled <> g.tgenabled)"
    } else {
        "NOT g.tgisinternal"
    };
    format!(
        "SELECT g.oid, g.tgrelid, g.tgname, g.tgenabled, g.tgfoid, pg_get_triggerdef(g.oid), pg.tgenabled \
         FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_trigger pg ON {parent} \
         WHERE {kept} AND {} AND {}{}",
        user_schema("n.nspname"),
        ask.relation("c.oid"),
        ask.condition("g.tgrelid"),
        parent = ask.only_whole("pg.oid = g.tgparentid", "false"),
    )
}
