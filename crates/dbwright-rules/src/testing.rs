//! Hand-built traces for the tests of rules: `Case` runs nothing, it only keeps the catalog in step with the changes that
//! a test states.

use std::path::PathBuf;

use crate::RuleChoice;
use dbwright_catalog::{
    Algorithm, Catalog, Change, Column, ColumnExtra, Constraint, ConstraintKind, Effect, Engine, Finding, ForeignKey,
    Group, HeldLock, History, Index, Known, LockLevel, LockMode, Migration, MigrationSet, MigrationTrace, Object,
    ObjectBody, ObjectId, ObjectKind, Outcome, Partition, PostgresColumn, PostgresTable, RefusedOffer, RowCount, Rows,
    RunMode, Server, Span, SqlError, SqliteColumn, SqliteTable, Statement, Table, TableExtra, TableKind,
    TableOperation, Tool, Trace, TransactionId, Version, View, Warning,
};

/// A history with its trace, under construction.
pub(crate) struct Case {
    pub(crate) history: History,
    pub(crate) trace: Trace,
    pub(crate) judged: MigrationSet,
}

/// A statement with what it did.
pub(crate) struct Did {
    sql: String,
    effect: Effect,
    own_transaction: Option<TransactionId>,
    commits: bool,
}

impl Case {
    pub(crate) fn postgres(given: impl IntoIterator<Item = Object>) -> Case {
        Case::new(Engine::Postgres, Version::new(15, 20, 0), Tool::Sqlx, given)
    }

    pub(crate) fn sqlite(given: impl IntoIterator<Item = Object>) -> Case {
        Case::new(Engine::Sqlite, Version::new(3, 50, 1), Tool::Sqlx, given)
    }

    pub(crate) fn mysql(given: impl IntoIterator<Item = Object>) -> Case {
        Case::new(Engine::MySql, Version::new(9, 7, 0), Tool::Sqlx, given)
    }

    pub(crate) fn new(engine: Engine, version: Version, tool: Tool, given: impl IntoIterator<Item = Object>) -> Case {
        let server = Server { engine, version };
        let mut catalog = Catalog::empty(server.clone());
        catalog
            .objects
            .extend(given.into_iter().map(|object| (object.id.clone(), object)));
        Case {
            history: History {
                tool,
                engine,
                version: None,
                folder: PathBuf::from("migrations"),
                migrations: Vec::new(),
                sqlite_foreign_keys: true,
                prelude: None,
                left_out: Vec::new(),
                schema: None,
                findings: Vec::new(),
            },
            trace: Trace {
                server,
                migrations: Vec::new(),
                catalog,
                unfilled: Vec::new(),
                assumptions: Vec::new(),
                predicted: Vec::new(),
                from_cache: 0,
                access: Vec::new(),
                access_changes: Vec::new(),
            },
            judged: MigrationSet::All,
        }
    }

    /// A migration in one transaction.
    pub(crate) fn migration(self, statements: impl IntoIterator<Item = Did>) -> Case {
        self.migration_in(RunMode::Transaction, statements)
    }

    pub(crate) fn migration_in(mut self, run_mode: RunMode, statements: impl IntoIterator<Item = Did>) -> Case {
        let index = self.trace.migrations.len();
        let mut text = String::new();
        let mut parsed = Vec::new();
        let mut effects = Vec::new();
        for (number, did) in statements.into_iter().enumerate() {
            let Did {
                sql,
                mut effect,
                own_transaction,
                commits,
            } = did;
            // Leading comments stand in the file, not in the statement.
            let body = sql
                .lines()
                .position(|line| !line.trim_start().starts_with("--"))
                .unwrap_or(0);
            let comments: String = sql.split_inclusive('\n').take(body).collect();
            let statement = &sql[comments.len()..];
            text.push_str(&comments);
            parsed.push(Statement {
                text: statement.to_owned(),
                span: Span::new(text.len(), text.len() + statement.len()),
                line: u32::try_from(text.lines().count() + 1).unwrap(),
                copy_rows: None,
                not_sent: None,
            });
            text.push_str(statement);
            text.push_str(";\n");
            let of_run_mode = TransactionId(match run_mode {
                RunMode::EachStatement => u32::try_from(1000 + 100 * index + number).unwrap(),
                RunMode::Transaction | RunMode::SimpleQuery => u32::try_from(1 + index).unwrap(),
                RunMode::AllInOneTransaction => 0,
            });
            effect.transaction = own_transaction.unwrap_or(of_run_mode);
            if commits {
                effect.committed = effects.last().map(|last: &Effect| last.transaction);
            }
            for lock in &mut effect.locks {
                if lock.since == usize::MAX {
                    lock.since = number;
                }
            }
            self.apply(&effect.changes);
            effects.push(effect);
        }
        self.history.migrations.push(Migration {
            name: format!("m{index}"),
            path: PathBuf::from(format!("migrations/m{index}.sql")),
            text,
            statements: parsed,
            run_mode,
            down: None,
        });
        self.trace.migrations.push(MigrationTrace { judged: true, effects });
        self
    }

    /// Text after the last statement.
    pub(crate) fn trailing(mut self, text: &str) -> Case {
        self.history.migrations.last_mut().unwrap().text.push_str(text);
        self
    }

    fn apply(&mut self, changes: &[Change]) {
        let objects = &mut self.trace.catalog.objects;
        for change in changes {
            match change {
                Change::Created(_) => {}
                Change::Dropped(object) => drop(objects.remove(&object.id)),
                Change::Altered { before, .. } => drop(objects.remove(&before.id)),
            }
        }
        for change in changes {
            match change {
                Change::Created(object) | Change::Altered { after: object, .. } => {
                    objects.insert(object.id.clone(), object.clone());
                }
                Change::Dropped(_) => {}
            }
        }
    }

    /// What the rules say that judge statements: hand-built catalogs are no good design, and no release runs on them.
    pub(crate) fn judge(&self) -> Vec<Finding> {
        let others = crate::RULES
            .iter()
            .filter(|rule| rule.judges_catalogs() || rule.group == Group::Release);
        let choice = RuleChoice {
            allowed: others.map(|rule| rule.name.to_owned()).collect(),
            ..RuleChoice::default()
        };
        crate::judge(&self.history, &self.judged, &self.trace, &choice)
    }

    /// What one rule says.
    pub(crate) fn judge_by(&self, rule: &str) -> Vec<Finding> {
        let choice = RuleChoice {
            enabled: vec![rule.to_owned()],
            ..RuleChoice::default()
        };
        let mut findings = crate::judge(&self.history, &self.judged, &self.trace, &choice);
        findings.retain(|finding| finding.rule == rule);
        findings
    }

    /// `rule@statement` of every finding.
    pub(crate) fn found(&self) -> Vec<String> {
        let findings = self.judge();
        let place = |finding: &Finding| finding.place.statement.map_or(0, |(_, statement)| statement);
        findings
            .iter()
            .map(|finding| format!("{}@{}", finding.rule, place(finding)))
            .collect()
    }

    /// The only finding.
    #[track_caller]
    pub(crate) fn only(&self) -> Finding {
        let mut findings = self.judge();
        assert_eq!(findings.len(), 1, "{findings:#?}");
        findings.remove(0)
    }
}

/// The SQL of a finding's fix.
#[track_caller]
pub(crate) fn fix_sql(finding: &Finding) -> Vec<&str> {
    let fix = finding.fix.as_ref().expect("the finding has a fix");
    fix.steps.iter().map(|step| step.sql.as_str()).collect()
}

/// A statement that did nothing so far.
pub(crate) fn did(sql: &str) -> Did {
    let mut effect = Effect::without_observation(Known::Observed, Outcome::Done, TransactionId(0));
    effect.generated_rows = Rows::Generated;
    Did {
        sql: sql.to_owned(),
        effect,
        own_transaction: None,
        commits: false,
    }
}

impl Did {
    pub(crate) fn creates(mut self, objects: impl IntoIterator<Item = Object>) -> Did {
        self.effect.changes.extend(objects.into_iter().map(Change::Created));
        self
    }

    pub(crate) fn drops(mut self, objects: impl IntoIterator<Item = Object>) -> Did {
        self.effect.changes.extend(objects.into_iter().map(Change::Dropped));
        self
    }

    pub(crate) fn alters(mut self, before: Object, after: Object) -> Did {
        self.effect.changes.push(Change::Altered { before, after });
        self
    }

    /// Takes a lock.
    pub(crate) fn locks(self, table: &str, mode: LockMode) -> Did {
        self.holds(table, mode, usize::MAX)
    }

    /// Holds a lock that the statement with index `since` took.
    pub(crate) fn holds(mut self, table: &str, mode: LockMode, since: usize) -> Did {
        self.effect.locks.push(HeldLock {
            relation: id(table),
            mode,
            since,
        });
        self
    }

    pub(crate) fn scans(mut self, table: &str) -> Did {
        self.effect.scanned.push(id(table));
        self
    }

    pub(crate) fn rewrites(mut self, table: &str) -> Did {
        self.effect.rewritten.push(id(table));
        self
    }

    pub(crate) fn rows(mut self, table: &str, [inserted, updated, deleted]: [u64; 3]) -> Did {
        self.effect.rows.push(RowCount {
            table: id(table),
            inserted,
            updated,
            deleted,
        });
        self
    }

    /// Changes a table in this way; its own `LOCK=NONE` refused where it was another.
    pub(crate) fn operates(mut self, table: &str, algorithm: Algorithm, lock: LockLevel) -> Did {
        let refused = (algorithm == Algorithm::Copy).then(|| RefusedOffer {
            algorithm: Algorithm::InPlace,
            lock: None,
            reason: "Cannot change column type INPLACE.".to_owned(),
        });
        self.effect.operations.push(TableOperation {
            table: id(table),
            algorithm,
            lock,
            refused: refused.into_iter().collect(),
            row_versions: None,
        });
        self
    }

    /// The cheapest way to do it, and nothing else, was refused.
    pub(crate) fn instant_refused(mut self, reason: &str) -> Did {
        for operation in &mut self.effect.operations {
            operation.algorithm = Algorithm::InPlace;
            operation.refused = vec![RefusedOffer {
                algorithm: Algorithm::Instant,
                lock: None,
                reason: reason.to_owned(),
            }];
        }
        self
    }

    pub(crate) fn warns(mut self, code: u32, message: &str) -> Did {
        self.effect.warnings.push(Warning {
            code,
            message: message.to_owned(),
        });
        self
    }

    /// Commits the transaction in which the statement before it ran, and runs in one of its own.
    pub(crate) fn commits_and_runs_by_itself(mut self, transaction: u32) -> Did {
        self.commits = true;
        self.commits_by_itself(transaction)
    }

    /// Runs in a transaction of its own.
    pub(crate) fn commits_by_itself(mut self, transaction: u32) -> Did {
        self.own_transaction = Some(TransactionId(transaction));
        self
    }

    pub(crate) fn ends(mut self, outcome: Outcome) -> Did {
        self.effect.outcome = outcome;
        self
    }
}

pub(crate) fn error(code: &str, message: &str) -> SqlError {
    SqlError {
        code: code.to_owned(),
        message: message.to_owned(),
        detail: None,
        position: None,
    }
}

/// `public.name`, or another schema where one is named.
pub(crate) fn id(name: &str) -> ObjectId {
    match name.split_once('.') {
        Some((schema, name)) => ObjectId::table(schema, name),
        None => ObjectId::table("public", name),
    }
}

fn object(id: ObjectId, definition: &str, body: ObjectBody) -> Object {
    Object {
        id,
        definition: definition.to_owned(),
        body,
    }
}

pub(crate) fn table(name: &str) -> Object {
    let body = Table {
        kind: TableKind::Ordinary,
        partition_key: None,
        partition: None,
        inherits: Vec::new(),
        extra: TableExtra::Postgres(PostgresTable {
            unlogged: false,
            access_method: Some("heap".to_owned()),
            options: Vec::new(),
            row_security: false,
            force_row_security: false,
            replica_identity: 'd',
            tablespace: None,
            of_type: None,
            toast_options: Vec::new(),
            foreign: None,
        }),
    };
    object(id(name), "", ObjectBody::Table(body))
}

/// A table of SQLite, in `main`.
pub(crate) fn lite_table(name: &str) -> Object {
    let mut table = table(&format!("main.{name}"));
    if let ObjectBody::Table(body) = &mut table.body {
        body.extra = TableExtra::Sqlite(SqliteTable {
            strict: false,
            without_rowid: false,
            autoincrement: false,
        });
    }
    table
}

pub(crate) fn partitioned(name: &str) -> Object {
    let mut object = table(name);
    if let ObjectBody::Table(table) = &mut object.body {
        table.kind = TableKind::Partitioned;
        table.partition_key = Some("RANGE (id)".to_owned());
    }
    object
}

pub(crate) fn partition(name: &str, parent: &str) -> Object {
    let mut object = table(name);
    if let ObjectBody::Table(table) = &mut object.body {
        table.partition = Some(Partition {
            parent: id(parent),
            bound: "DEFAULT".to_owned(),
            is_default: true,
        });
    }
    object
}

pub(crate) fn column(table: &str, name: &str, position: u32, type_name: &str) -> Object {
    let extra = if table.starts_with("main.") {
        ColumnExtra::Sqlite(SqliteColumn {
            primary_key_position: 0,
        })
    } else {
        ColumnExtra::Postgres(PostgresColumn {
            storage: 'p',
            type_storage: 'p',
            compression: None,
            statistics_target: None,
            options: Vec::new(),
            foreign_options: Vec::new(),
            local: true,
            inherited: false,
        })
    };
    let body = Column {
        position,
        type_name: type_name.to_owned(),
        not_null: false,
        default: None,
        generated: None,
        identity: None,
        collation: None,
        extra,
    };
    object(id(table).column(name), "", ObjectBody::Column(body))
}

pub(crate) fn not_null(mut column: Object) -> Object {
    if let ObjectBody::Column(body) = &mut column.body {
        body.not_null = true;
    }
    column
}

pub(crate) fn constraint(table: &str, name: &str, kind: ConstraintKind, definition: &str) -> Object {
    let body = Constraint::new(kind);
    object(
        id(table).child(ObjectKind::Constraint, name),
        definition,
        ObjectBody::Constraint(body),
    )
}

pub(crate) fn check(table: &str, name: &str) -> Object {
    constraint(
        table,
        name,
        ConstraintKind::Check("total >= 0".to_owned()),
        "CHECK ((total >= 0))",
    )
}

pub(crate) fn foreign_key(table: &str, name: &str, column: &str, references: &str) -> Object {
    let key = ForeignKey {
        columns: vec![column.to_owned()],
        references: id(references),
        referenced_columns: vec!["id".to_owned()],
        on_delete: "NO ACTION".to_owned(),
        on_update: "NO ACTION".to_owned(),
        match_full: false,
    };
    let definition = format!("FOREIGN KEY ({column}) REFERENCES public.{references}(id)");
    constraint(table, name, ConstraintKind::ForeignKey(key), &definition)
}

pub(crate) fn not_valid(mut constraint: Object) -> Object {
    if let ObjectBody::Constraint(body) = &mut constraint.body {
        body.validated = false;
    }
    constraint
}

/// A constraint with its index of the same name.
pub(crate) fn with_index(table: &str, name: &str, kind: ConstraintKind, column: &str) -> [Object; 2] {
    let mut constraint = constraint(table, name, kind, "");
    let definition = format!("CREATE UNIQUE INDEX {name} ON public.{table} USING btree ({column})");
    let mut index = index(table, name, &definition);
    if let (ObjectBody::Constraint(constraint), ObjectBody::Index(body)) = (&mut constraint.body, &mut index.body) {
        constraint.index = Some(index.id.clone());
        body.of_constraint = true;
    }
    [constraint, index]
}

pub(crate) fn index(table: &str, name: &str, definition: &str) -> Object {
    let body = Index {
        table: id(table),
        method: "btree".to_owned(),
        keys: vec!["total".to_owned()],
        included: Vec::new(),
        predicate: None,
        unique: false,
        nulls_not_distinct: false,
        of_constraint: false,
        valid: true,
        postgres: None,
    };
    object(
        ObjectId::new(ObjectKind::Index, ["public", name]),
        definition,
        ObjectBody::Index(body),
    )
}

pub(crate) fn view(name: &str) -> Object {
    let body = View {
        materialized: false,
        query: "SELECT 1".to_owned(),
        postgres: None,
    };
    object(
        ObjectId::new(ObjectKind::View, ["public", name]),
        "",
        ObjectBody::View(body),
    )
}

/// The same object under another name.
pub(crate) fn named(mut object: Object, id: ObjectId) -> Object {
    object.id = id;
    object
}
