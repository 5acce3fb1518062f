//! One guess at one row.

use dbwright_catalog::{Catalog, ColumnExtra, ForeignKey, Identity, ObjectId};

use super::column::{ColumnPlan, TableColumns, foreign_keys, referenced_columns};
use super::demand::{self, Demand, DemandKind};
use super::hint::hints;
use super::json::document;
use super::kind::Kind;
use super::order::{Placement, ancestors, placement};
use super::search::{choose, value_at};
use super::value::{Candidate, from_hint, plain, value_of, variants};
use super::{ROWS_PER_TABLE, Row, Rows, table_of};

/// Row number `index` (from 0) for this table, as it might satisfy the table's constraints; another guess for another
/// `attempt`. The second row has NULL wherever that is allowed, the others have values.
///
/// Fails with the reason, as half a sentence (`its parent orders has no rows`), where no row can be thought of.
pub fn candidates(
    catalog: &Catalog,
    ledger: &Rows,
    table: &ObjectId,
    index: usize,
    attempt: usize,
) -> Result<Row, String> {
    if let Placement::Nowhere(reason) = placement(catalog, table) {
        return Err(reason.to_owned());
    }
    let Some(model) = table_of(catalog, table) else {
        return Err("it is no table".to_owned());
    };
    let (id, _) = catalog.objects.get_key_value(table).ok_or("it is no table")?;
    let columns = TableColumns::of(catalog, id, model);
    let mut demands = demand::of_table(catalog, ledger, id, &columns);
    let mut references = Vec::new();
    for (constraint, foreign_key) in foreign_keys(catalog, id) {
        let mut family = ancestors(catalog, model);
        family.push(id.clone());
        let is_own = family.contains(&foreign_key.references);
        references.push(Reference::of(
            catalog,
            ledger,
            &columns,
            foreign_key,
            is_own,
            constraint.deferrable,
        )?);
    }
    demands.extend(references.iter().filter_map(Reference::demand));

    let guess = Guess {
        index,
        attempt,
        ordinal: index + ROWS_PER_TABLE * attempt,
    };
    let mut lists = Vec::with_capacity(columns.all.len());
    for (place, column) in columns.all.iter().enumerate() {
        lists.push(candidates_of(&columns, column, place, &demands, &references, guess)?);
    }
    if attempt > 2 {
        vary(&columns, &demands, &mut lists, attempt - 3);
    }
    let chosen = choose(&columns, &demands, &lists);
    let values = columns
        .all
        .iter()
        .zip(lists.iter().zip(&chosen))
        .filter_map(|(column, (list, choice))| {
            let sql = list.get(*choice)?.sql.clone()?;
            Some((column.name.clone(), sql))
        });
    Ok(Row {
        table: table.clone(),
        values: values.collect(),
    })
}

/// Which guess is made.
#[derive(Clone, Copy)]
struct Guess {
    index: usize,
    attempt: usize,
    /// Makes values distinct; also those of different attempts, which may meet rows that nobody knows of.
    ordinal: usize,
}

impl Guess {
    fn nulls_first(self) -> bool {
        match self.attempt {
            0 | 2 => self.index == 1,
            1 => self.index != 1,
            attempt => attempt % 2 == 1,
        }
    }

    fn defaults_first(self) -> bool {
        self.attempt != 2
    }
}

/// A foreign key with the rows it can point at.
struct Reference {
    columns: Vec<usize>,
    /// One list of literals per parent row, in the order of `columns`.
    parents: Vec<Vec<Candidate>>,
    /// The places of the referenced columns, where the table refers to itself.
    own: Option<Vec<usize>>,
    match_full: bool,
    /// Nothing to point at: what can be NULL must be.
    must_be_null: bool,
}

impl Reference {
    fn of(
        catalog: &Catalog,
        ledger: &Rows,
        columns: &TableColumns<'_>,
        foreign_key: &ForeignKey,
        is_own: bool,
        deferrable: bool,
    ) -> Result<Reference, String> {
        let places: Vec<_> = foreign_key
            .columns
            .iter()
            .filter_map(|name| columns.find(name))
            .collect();
        let referenced = referenced_columns(catalog, foreign_key);
        let known = |row: &&Row| {
            let literals = places.iter().zip(&referenced).map(|(place, name)| {
                let kind = &columns.all[*place].column_type.kind;
                row.get(name)
                    .filter(|sql| *sql != "NULL")
                    .map(|sql| Candidate::literal(columns.engine, kind, sql))
            });
            literals.collect::<Option<Vec<_>>>()
        };
        let rows = ledger.referable(catalog, &foreign_key.references);
        let mut parents: Vec<_> = rows.iter().filter_map(known).collect();
        if parents.is_empty() && deferrable && !is_own {
            parents = expected_keys(catalog, &foreign_key.references, &referenced);
        }
        let own = is_own.then(|| referenced.iter().filter_map(|name| columns.find(name)).collect());
        let must_be_null = parents.is_empty() && !is_own;
        if must_be_null && !places.iter().any(|place| columns.all[*place].nullable) {
            return Err(match table_of(catalog, &foreign_key.references) {
                Some(_) => format!("its parent {} has no rows", foreign_key.references),
                None => format!("its parent {} does not exist", foreign_key.references),
            });
        }
        Ok(Reference {
            columns: places,
            parents,
            own,
            match_full: foreign_key.match_full,
            must_be_null,
        })
    }

    fn demand(&self) -> Option<Demand> {
        if self.must_be_null {
            return None;
        }
        let values = |parent: &Vec<Candidate>| parent.iter().map(|candidate| candidate.value.clone()).collect();
        Some(Demand {
            columns: self.columns.clone(),
            kind: DemandKind::Reference {
                parents: self.parents.iter().map(values).collect(),
                own: self.own.clone(),
                match_full: self.match_full,
            },
        })
    }
}

/// The keys that the first rows of a table will have, for references that are checked later.
fn expected_keys(catalog: &Catalog, table: &ObjectId, names: &[String]) -> Vec<Vec<Candidate>> {
    let Some((id, model)) = catalog.tables().find(|(id, _)| *id == table) else {
        return Vec::new();
    };
    let columns = TableColumns::of(catalog, id, model);
    let key = |ordinal: usize| {
        let literal = |name: &String| {
            let column = &columns.all[columns.find(name)?];
            plain(columns.engine, &column.column_type.kind, ordinal)
        };
        names.iter().map(literal).collect::<Option<Vec<_>>>()
    };
    (0..ROWS_PER_TABLE).filter_map(key).collect()
}

/// What one column could hold, the best first.
fn candidates_of(
    columns: &TableColumns<'_>,
    column: &ColumnPlan<'_>,
    place: usize,
    demands: &[Demand],
    references: &[Reference],
    guess: Guess,
) -> Result<Vec<Candidate>, String> {
    if column.generated.is_some() {
        return Ok(Vec::new());
    }
    if column.column.identity == Some(Identity::Always) && !column.key {
        return Ok(vec![Candidate::left_out(super::expression::Value::Unknown)]);
    }
    let mut pointing = references
        .iter()
        .filter(|reference| reference.columns.contains(&place))
        .peekable();
    if column.nullable && pointing.clone().any(|reference| reference.must_be_null) {
        return Ok(vec![Candidate::null()]);
    }
    let mut nulls_first = guess.nulls_first();
    let mut list = if pointing.clone().any(|reference| !reference.must_be_null) {
        // The first row of a table that refers to itself is a root.
        nulls_first |= guess.index == 0 && guess.attempt != 1 && pointing.clone().all(|found| found.own.is_some());
        let own = pointing.clone().any(|found| found.own.is_some()) && guess.index == 0;
        let mut list: Vec<_> = pointing
            .by_ref()
            .flat_map(|found| pointers(columns, found, place, guess))
            .collect();
        if own {
            list.reverse();
        }
        list
    } else {
        free_values(columns, column, place, demands, guess)
    };
    if column.nullable {
        let at = if nulls_first { 0 } else { list.len() };
        list.insert(at, Candidate::null());
    }
    list.dedup();
    if list.is_empty() {
        return Err(format!(
            "no value of the type {} of its column {} is known",
            column.column.type_name, column.name
        ));
    }
    Ok(list)
}

/// The values of a referencing column: those of the parent rows, beginning with the one of the same number.
fn pointers(columns: &TableColumns<'_>, reference: &Reference, place: usize, guess: Guess) -> Vec<Candidate> {
    let Some(at) = reference.columns.iter().position(|column| *column == place) else {
        return Vec::new();
    };
    let mut list: Vec<_> = reference
        .parents
        .iter()
        .filter_map(|parent| parent.get(at).cloned())
        .collect();
    if reference.own.is_none() && !list.is_empty() {
        let start = (guess.index + guess.attempt) % list.len();
        list.rotate_left(start);
    }
    let own = reference
        .own
        .as_ref()
        .and_then(|own| own.get(at))
        .filter(|own| **own != place);
    list.extend(own.and_then(|own| plain(columns.engine, &columns.all[*own].column_type.kind, guess.ordinal)));
    list
}

/// The values of a column that refers to nothing.
fn free_values(
    columns: &TableColumns<'_>,
    column: &ColumnPlan<'_>,
    place: usize,
    demands: &[Demand],
    guess: Guess,
) -> Vec<Candidate> {
    let engine = columns.engine;
    let kind = &column.column_type.kind;
    let mut list: Vec<_> = plain(engine, kind, guess.ordinal).into_iter().collect();
    if matches!(kind, Kind::Json | Kind::Text { .. })
        && let Some(document) = document(columns, place, guess.ordinal)
    {
        list.insert(0, Candidate::text(engine, document));
    }
    let mut hinted = Vec::new();
    let mut is_named = column.key;
    for demand in demands.iter().filter(|demand| demand.columns.contains(&place)) {
        let DemandKind::Condition(condition) = &demand.kind else {
            continue;
        };
        is_named = true;
        let found = hints(condition, &column.name);
        hinted.extend(
            found
                .iter()
                .flat_map(|hint| from_hint(engine, kind, hint, guess.ordinal)),
        );
    }
    if !hinted.is_empty() {
        let start = guess.index % hinted.len();
        hinted.rotate_left(start);
    }
    list.extend(hinted);
    if is_named {
        list.extend(variants(engine, kind, guess.ordinal));
    }
    let default = column.column.default.as_ref().or(column.column_type.default.as_ref());
    let counts = matches!(&column.column.extra, ColumnExtra::MySqlFamily(extra) if extra.auto_increment);
    if default.is_some() || column.column.identity.is_some() || counts {
        let value = default.map_or(super::expression::Value::Unknown, |default| {
            value_of(engine, kind, default)
        });
        let at = if column.key || !guess.defaults_first() {
            list.len()
        } else {
            0
        };
        list.insert(at, Candidate::left_out(value));
    }
    list
}

/// Turns the list of one column by some places: the column of a demand that nothing certain is known about, else any that
/// a demand concerns, else any.
fn vary(columns: &TableColumns<'_>, demands: &[Demand], lists: &mut [Vec<Candidate>], variation: usize) {
    let first: Vec<_> = choose(columns, demands, lists).into_iter().map(Some).collect();
    let value = |place: usize| value_at(lists, &first, place);
    let concerned = |wanted: &dyn Fn(&Demand) -> bool| {
        let mut places: Vec<_> = demands
            .iter()
            .filter(|demand| wanted(demand))
            .flat_map(|demand| demand.columns.clone())
            .collect();
        places.sort_unstable();
        places.dedup();
        places.retain(|place| lists[*place].len() > 1);
        places
    };
    let mut places = concerned(&|demand| demand.is_uncertain(columns, &value));
    if places.is_empty() {
        places = concerned(&|_| true);
    }
    if places.is_empty() {
        places = (0..lists.len()).filter(|place| lists[*place].len() > 1).collect();
    }
    if places.is_empty() {
        return;
    }
    let place = places[variation % places.len()];
    let by = (1 + variation / places.len()) % lists[place].len();
    lists[place].rotate_left(by);
}
