//! What an edit leaves without its ground.

use super::model::{Column, Model, Rule, Type, Value, is_number};

impl Model {
    /// Takes out what has lost its ground, until nothing more is lost.
    pub(super) fn prune(&mut self) {
        for _ in 0..4 {
            self.prune_types();
            self.prune_parts();
            self.prune_views();
        }
    }

    fn prune_types(&mut self) {
        let enums: Vec<String> = self.enums.iter().map(|item| item.name.clone()).collect();
        let domains: Vec<String> = self.domains.iter().map(|item| item.name.clone()).collect();
        let composites: Vec<String> = self.composites.iter().map(|item| item.name.clone()).collect();
        let sequences: Vec<String> = self.sequences.iter().map(|item| item.name.clone()).collect();
        let functions = self.functions.clone();
        let returns_integer = |name: &String| {
            functions
                .iter()
                .any(|function| function.name == *name && function.returns == "integer")
        };
        for table in &mut self.tables {
            table.columns.retain(|column| match &column.data_type {
                Type::BuiltIn(_) => true,
                Type::Enum(name) | Type::EnumArray(name) => enums.contains(name),
                Type::Domain(name) => domains.contains(name),
                Type::Composite(name) => composites.contains(name),
            });
            let plain: Vec<(String, Type)> = table
                .columns
                .iter()
                .filter(|column| column.is_plain_number())
                .map(|column| (column.name.clone(), column.data_type.clone()))
                .collect();
            table.columns.retain(|column| match &column.value {
                Value::Generated(source, _, _) => plain.contains(&(source.clone(), column.data_type.clone())),
                Value::GeneratedCall(source, function) => {
                    plain.contains(&(source.clone(), Type::BuiltIn("integer"))) && returns_integer(function)
                }
                _ => true,
            });
            for column in &mut table.columns {
                let lost = match &column.value {
                    Value::Call(function) => !returns_integer(function) || column.data_type != Type::BuiltIn("integer"),
                    Value::Next(sequence) => !sequences.contains(sequence),
                    Value::Identity(..) => !is_number(&column.data_type),
                    _ => false,
                };
                if lost {
                    column.value = Value::Plain;
                }
            }
        }
    }

    fn prune_parts(&mut self) {
        let functions = self.functions.clone();
        let trigger_functions: Vec<String> = self.triggers_functions.iter().map(|(name, _)| name.clone()).collect();
        let keyed: Vec<String> = self
            .tables
            .iter()
            .filter(|table| table.has_key())
            .map(|table| table.name.clone())
            .collect();
        let names: Vec<String> = self.tables.iter().map(|table| table.name.clone()).collect();
        let exists = |name: &String| functions.iter().any(|function| function.name == *name);
        let returns_integer = |name: &String| {
            functions
                .iter()
                .any(|function| function.name == *name && function.returns == "integer")
        };
        for table in &mut self.tables {
            let columns = table.columns.clone();
            let find = |name: &String| columns.iter().find(|column| column.name == *name);
            let indexable = |name: &String| find(name).is_some_and(Column::is_indexable);
            let number = |name: &String| find(name).is_some_and(Column::is_plain_number);
            let integer = |name: &String| {
                find(name)
                    .is_some_and(|column| column.is_plain_number() && column.data_type == Type::BuiltIn("integer"))
            };
            table.rules.retain(|(_, rule)| match rule {
                Rule::PrimaryKey(list) | Rule::Unique(list, _) => list.iter().all(indexable),
                Rule::Check(column, _) | Rule::Exclude(column) => number(column),
                Rule::CheckCall(column, function) => integer(column) && returns_integer(function),
                Rule::ForeignKey(column, to, action, _) => {
                    number(column)
                        && keyed.contains(to)
                        && !(*action == "SET NULL" && find(column).is_some_and(|column| column.not_null))
                        && find(column).is_some_and(|column| column.data_type != Type::BuiltIn("smallint"))
                }
            });
            table.indexes.retain(|index| {
                index.columns.iter().all(indexable)
                    && index.include.as_ref().is_none_or(|name| {
                        find(name).is_some_and(|column| !matches!(column.value, Value::Generated(_, _, false)))
                    })
                    && index.predicate.as_ref().is_none_or(|(name, _)| number(name))
                    && index
                        .call
                        .as_ref()
                        .is_none_or(|name| exists(name) && integer(&index.columns[0]))
            });
            table.policies.retain(|(_, column, _, _)| number(column));
            table.triggers.retain(|(_, function, column, _)| {
                trigger_functions.contains(function) && column.as_ref().is_none_or(|name| find(name).is_some())
            });
            table
                .comments
                .retain(|(column, _)| column.as_ref().is_none_or(|name| find(name).is_some()));
            table.statistics.retain(|(_, first, second)| {
                let fits = |name: &String| {
                    indexable(name) && find(name).is_some_and(|column| column.data_type != Type::BuiltIn("jsonb"))
                };
                fits(first) && fits(second)
            });
        }
        self.publications
            .iter_mut()
            .for_each(|(_, tables)| tables.retain(|table| names.contains(table)));
    }

    fn prune_views(&mut self) {
        let (tables, functions, enums) = (self.tables.clone(), self.functions.clone(), self.enums.clone());
        for view in &mut self.views {
            let Some(table) = tables.iter().find(|table| table.name == view.table) else {
                view.columns.clear();
                continue;
            };
            view.columns.retain(|name| table.column(name).is_some());
            let first = view.columns.first();
            view.index = view.index.take().filter(|name| {
                first == Some(name) && view.materialized && table.column(name).is_some_and(Column::is_indexable)
            });
            let called = |(column, function): &(String, String)| {
                functions.iter().any(|other| other.name == *function)
                    && table
                        .column(column)
                        .is_some_and(|column| column.is_plain_number() && column.data_type == Type::BuiltIn("integer"))
            };
            view.call = view.call.take().filter(called);
            view.label = view.label.take().filter(|(column, label)| {
                table.column(column).is_some_and(|column| match &column.data_type {
                    Type::Enum(name) => enums
                        .iter()
                        .any(|other| other.name == *name && other.labels.contains(label)),
                    _ => false,
                })
            });
        }
        self.views.retain(|view| !view.columns.is_empty());
        let names: Vec<String> = self.views.iter().map(|view| view.name.clone()).collect();
        for (place, view) in self.views.iter_mut().enumerate() {
            view.above = view.above.take().filter(|above| names[..place].contains(above));
        }
    }
}
