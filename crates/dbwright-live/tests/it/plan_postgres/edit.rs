//! Changes of a schema, one at a time.

use super::extras::VARIANTS;
use super::model::{Column, LABELS, Model, Type, Value, is_text};
use super::random::Random;

/// Takes out one of them.
fn take<T>(random: &mut Random, list: &mut Vec<T>) {
    if let Some(place) = random.place(list) {
        list.remove(place);
    }
}

impl Model {
    /// Changes something that hangs on a table.
    pub(super) fn edit_part(&mut self, random: &mut Random) {
        let Some(at) = random.place(&self.tables) else { return };
        match random.below(14) {
            0 | 1 => self.add_rule(random, at),
            2 | 3 => self.add_index(random, at),
            4 => {
                let name = self.name("p");
                let table = &mut self.tables[at];
                if let Some(column) = table.pick_column(random, Column::is_plain_number) {
                    table.row_security = true;
                    let command = random.word(&["ALL", "SELECT", "UPDATE"]);
                    table.policies.push((name, column, command, random.below(4)));
                }
            }
            5 => {
                let name = self.name("g");
                if let Some(place) = random.place(&self.triggers_functions) {
                    let function = self.triggers_functions[place].0.clone();
                    let table = &mut self.tables[at];
                    let column = table.pick_column(random, |_| true).filter(|_| random.once_in(2));
                    table.triggers.push((name, function, column, random.once_in(4)));
                }
            }
            6 => {
                let column = self.tables[at]
                    .pick_column(random, |_| true)
                    .filter(|_| random.once_in(2));
                let table = &mut self.tables[at];
                table.comments.retain(|(other, _)| *other != column);
                table.comments.push((column, random.below(9)));
            }
            7 => {
                let table = &mut self.tables[at];
                let grant = (
                    random.word(&["SELECT", "INSERT", "UPDATE"]),
                    random.word(&["reader", "writer"]),
                );
                match table.grants.iter().position(|other| *other == grant) {
                    Some(place) => {
                        table.grants.remove(place);
                    }
                    None => table.grants.push(grant),
                }
            }
            8 => {
                let name = self.name("st");
                let table = &mut self.tables[at];
                let stored =
                    |column: &Column| column.is_indexable() && !matches!(column.data_type, Type::BuiltIn("jsonb"));
                let first = table.pick_column(random, stored);
                let second = table.pick_column(random, |column| stored(column) && first.as_ref() != Some(&column.name));
                if let (Some(first), Some(second)) = (first, second) {
                    table.statistics.push((name, first, second));
                }
            }
            9 => {
                let table = &mut self.tables[at];
                table.fillfactor = if table.fillfactor.is_some() || table.partitioned {
                    None
                } else {
                    Some(80)
                };
            }
            10 => {
                let table = &mut self.tables[at];
                table.row_security = !table.row_security;
                table.force = random.once_in(2);
            }
            11 => self.tables[at].replica_full = !self.tables[at].replica_full,
            12 => {
                let name = self.name("pub");
                let table = self.tables[at].name.clone();
                self.publications.push((name, vec![table]));
            }
            _ => {
                let table = &mut self.tables[at];
                table.rewrite = if table.rewrite.is_some() || table.partitioned {
                    None
                } else {
                    Some(random.below(5))
                };
            }
        }
    }

    /// One change, of any kind.
    pub(super) fn edit(&mut self, random: &mut Random) {
        match random.below(24) {
            0 | 1 => self.edit_types(random),
            2 => self.edit_code(random),
            3..=5 => self.edit_part(random),
            6 => self.add_table(random),
            7 => {
                if self.tables.len() > 1 && random.once_in(2) {
                    let place = random.below(self.tables.len());
                    self.tables.remove(place);
                }
            }
            8 | 9 => self.edit_views(random),
            10 | 11 => self.remove_part(random),
            12 => self.edit_place(random),
            13..=15 => {
                if let Some(place) = random.place(&self.extras) {
                    self.extras[place].2 = random.below(VARIANTS + 1);
                }
            }
            _ => self.edit_column(random),
        }
        self.prune();
    }

    fn edit_types(&mut self, random: &mut Random) {
        match random.below(10) {
            0..=3 => {
                if let Some(place) = random.place(&self.enums) {
                    let labels = &mut self.enums[place].labels;
                    match random.below(5) {
                        0 if labels.len() > 1 => {
                            labels.remove(random.below(labels.len()));
                        }
                        1 => labels.reverse(),
                        _ => {
                            if let Some(new) = LABELS.iter().find(|label| !labels.iter().any(|other| other == *label)) {
                                labels.insert(random.below(labels.len() + 1), (*new).to_owned());
                            }
                        }
                    }
                } else {
                    self.add_enum(random);
                }
            }
            4 | 5 => {
                if let Some(place) = random.place(&self.domains) {
                    let check = self.name("dc");
                    let domain = &mut self.domains[place];
                    match random.below(5) {
                        0 => domain.not_null = !domain.not_null,
                        1 => domain.default = if domain.default.is_some() { None } else { Some(7) },
                        2 => domain.checks.push((check, 1 + random.below(3) as u32)),
                        3 => {
                            domain.checks.pop();
                        }
                        _ => {
                            domain.base = if domain.base == "integer" {
                                "bigint"
                            } else {
                                domain.base
                            }
                        }
                    }
                } else {
                    self.add_domain(random);
                }
            }
            6 | 7 => {
                if let Some(place) = random.place(&self.composites) {
                    let name = self.name("a");
                    let composite = &mut self.composites[place];
                    match random.below(4) {
                        0 if composite.attributes.len() > 1 => {
                            composite.attributes.remove(random.below(composite.attributes.len()));
                        }
                        1 => {
                            let at = random.below(composite.attributes.len());
                            composite.attributes[at].1 = "text";
                        }
                        _ => composite.attributes.push((name, "integer")),
                    }
                } else {
                    self.add_composite(random);
                }
            }
            _ => {
                if let Some(place) = random.place(&self.sequences) {
                    let sequence = &mut self.sequences[place];
                    match random.below(4) {
                        0 => sequence.increment += 1,
                        1 => sequence.cache += 1,
                        2 => sequence.cycle = !sequence.cycle,
                        _ => {
                            self.sequences.remove(place);
                        }
                    }
                } else {
                    self.add_sequence(random);
                }
            }
        }
    }

    fn edit_code(&mut self, random: &mut Random) {
        match random.below(6) {
            0 => self.add_function(random),
            1 => {
                if let Some(place) = random.place(&self.triggers_functions) {
                    self.triggers_functions[place].1 += 1;
                } else {
                    self.add_trigger_function();
                }
            }
            _ => {
                if let Some(place) = random.place(&self.functions) {
                    let function = &mut self.functions[place];
                    match random.below(4) {
                        0 => function.argument = format!("{}x", function.argument),
                        1 => {
                            function.returns = if function.returns == "text" { "integer" } else { "text" };
                        }
                        2 => {
                            self.functions.remove(place);
                        }
                        _ => function.number += 1,
                    }
                }
            }
        }
    }

    fn edit_views(&mut self, random: &mut Random) {
        let Some(place) = random.place(&self.views) else {
            return self.add_view(random);
        };
        let table = self
            .tables
            .iter()
            .find(|table| table.name == self.views[place].table)
            .cloned();
        let view = &mut self.views[place];
        match random.below(7) {
            0 => {
                self.views.remove(place);
            }
            1 => self.add_view(random),
            2 => {
                let unused =
                    table.and_then(|table| table.pick_column(random, |column| !view.columns.contains(&column.name)));
                view.columns.extend(unused);
            }
            3 if view.columns.len() > 1 => {
                view.columns.remove(0);
                view.index = None;
            }
            4 => view.barrier = !view.barrier && !view.materialized,
            5 => view.comment = Some(random.below(9)),
            _ => view.grant = !view.grant,
        }
    }

    fn remove_part(&mut self, random: &mut Random) {
        let Some(at) = random.place(&self.tables) else { return };
        let table = &mut self.tables[at];
        match random.below(8) {
            0 | 1 => take(random, &mut table.rules),
            2 => take(random, &mut table.indexes),
            3 => take(random, &mut table.policies),
            4 => take(random, &mut table.triggers),
            5 => take(random, &mut table.comments),
            6 => take(random, &mut table.statistics),
            _ => {
                if let Some(place) = random.place(&table.indexes) {
                    let index = &mut table.indexes[place];
                    match random.below(3) {
                        0 => index.descending = !index.descending,
                        1 => index.fillfactor = if index.fillfactor.is_some() { None } else { Some(60) },
                        _ => index.include = None,
                    }
                }
            }
        }
    }

    /// Partitions come and go.
    fn edit_place(&mut self, random: &mut Random) {
        let places: Vec<usize> = (0..self.tables.len())
            .filter(|at| self.tables[*at].partitioned)
            .collect();
        let Some(at) = random.place(&places).map(|place| places[place]) else {
            return self.edit_column(random);
        };
        let partitions = &mut self.tables[at].partitions;
        match random.below(3) {
            0 => partitions.push((partitions.iter().map(|(number, _)| number + 1).max().unwrap_or(0), true)),
            1 => {
                if let Some(place) = random.place(partitions) {
                    partitions[place].1 = !partitions[place].1;
                }
            }
            _ => {
                if let Some(place) = random.place(partitions) {
                    partitions.remove(place);
                }
            }
        }
    }

    fn edit_column(&mut self, random: &mut Random) {
        let Some(at) = random.place(&self.tables) else { return };
        let table = self.tables[at].clone();
        let place = random.below(table.columns.len());
        let is_id = place == 0;
        match random.below(12) {
            0 | 1 => {
                let column = self.random_column(random, Some(&table));
                let to = if random.once_in(3) { 1 } else { table.columns.len() };
                self.tables[at].columns.insert(to, column);
            }
            2 | 3 if !is_id => {
                self.tables[at].columns.remove(place);
            }
            4 if !is_id => self.tables[at].columns[place].not_null = !table.columns[place].not_null,
            5 if is_id && !table.partitioned => {
                self.tables[at].columns[0].value = match random.below(4) {
                    0 => Value::Serial,
                    1 => Value::Plain,
                    2 => Value::Identity("ALWAYS", 1 + random.below(2) as u32),
                    _ => Value::Identity("BY DEFAULT", 1),
                };
            }
            6 if is_id && !table.partitioned => self.tables[at].columns[0].data_type = Type::BuiltIn("bigint"),
            7 if !is_id => {
                let fresh = self.random_column(random, Some(&table));
                let column = &mut self.tables[at].columns[place];
                if fresh.data_type == column.data_type {
                    column.value = fresh.value;
                } else if !matches!(column.value, Value::Generated(..) | Value::GeneratedCall(..)) {
                    column.value = if column.value == Value::Plain {
                        Value::Default(1)
                    } else {
                        Value::Plain
                    };
                }
            }
            8 | 9 if !is_id => {
                let to = match &table.columns[place].data_type {
                    Type::BuiltIn("integer") => Type::BuiltIn("bigint"),
                    Type::BuiltIn("smallint") => Type::BuiltIn("integer"),
                    Type::BuiltIn("bigint") => Type::BuiltIn(random.word(&["numeric(14,2)", "integer", "text"])),
                    Type::BuiltIn("varchar(40)") => Type::BuiltIn(random.word(&["text", "varchar(80)"])),
                    Type::BuiltIn("text") => Type::BuiltIn(random.word(&["varchar(80)", "integer"])),
                    Type::BuiltIn("timestamp") => Type::BuiltIn("timestamptz"),
                    Type::BuiltIn("numeric(10,2)") => Type::BuiltIn("numeric(14,2)"),
                    Type::BuiltIn("json") => Type::BuiltIn("jsonb"),
                    Type::Enum(_) | Type::Domain(_) => Type::BuiltIn("text"),
                    other => other.clone(),
                };
                let column = &mut self.tables[at].columns[place];
                if to != column.data_type {
                    column.data_type = to;
                    if matches!(
                        column.value,
                        Value::Generated(..) | Value::GeneratedCall(..) | Value::Call(_) | Value::Next(_)
                    ) {
                        column.value = Value::Plain;
                        column.not_null = false;
                    }
                    if !is_text(&column.data_type) {
                        column.collation = None;
                        column.storage = None;
                    }
                }
            }
            10 => self.tables[at].columns[place].statistics = Some(*random.pick(&[10, 100])),
            11 if !is_id => {
                let column = &mut self.tables[at].columns[place];
                if is_text(&column.data_type) {
                    match random.below(2) {
                        0 => column.collation = if column.collation.is_some() { None } else { Some("C") },
                        _ => column.storage = Some(random.word(&["MAIN", "EXTERNAL", "EXTENDED"])),
                    }
                } else if let Value::Generated(_, number, _) = &mut column.value {
                    *number += 1;
                }
            }
            _ => {
                if !table.partitioned {
                    self.tables[at].unlogged = false;
                }
            }
        }
    }
}
