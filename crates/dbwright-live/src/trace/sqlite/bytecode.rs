//! What a statement will do, read from its bytecode (`EXPLAIN`): tables it reads from end to end, tables whose rows it
//! writes anew, indexes it builds anew.
//!
//! Needed because SQLite's DDL leaves no other trace: `DROP COLUMN` rewrites every row and keeps the root page.
//! The instructions are described at <https://sqlite.org/opcode.html>.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use crate::introspect::sqlite::StoredRoot;

/// The b-trees of the main database, by root page.
#[derive(Clone, Debug, Default)]
pub(super) struct Roots {
    roots: BTreeMap<i64, Root>,
}

/// A b-tree: a table, or an index of one.
#[derive(Clone, Debug)]
pub(super) struct Root {
    /// The table.
    pub(super) table: String,
    /// The index, where it is one.
    pub(super) index: Option<String>,
}

impl Roots {
    /// By page.
    pub(super) fn of(stored: &[StoredRoot]) -> Roots {
        let root = |stored: &StoredRoot| Root {
            table: stored.table.clone(),
            index: stored.index.clone(),
        };
        Roots {
            roots: stored.iter().map(|stored| (stored.page, root(stored))).collect(),
        }
    }

    /// The root page of a table or, where `index` is given, of an index.
    pub(super) fn page(&self, table: &str, index: Option<&str>) -> Option<i64> {
        let mut roots = self.roots.iter();
        let found = roots.find(|(_, root)| root.table == table && root.index.as_deref() == index);
        found.map(|(page, _)| *page)
    }
}

/// What the bytecode of a statement says. Names are those of `sqlite_schema`.
#[derive(Clone, Debug, Default)]
pub(super) struct Bytecode {
    /// Tables read from end to end, directly or by one of their indexes.
    pub(super) scanned: BTreeSet<String>,
    /// Tables read from end to end and written in the same loop.
    pub(super) written_in_loop: BTreeSet<String>,
    /// Indexes emptied while their table was not.
    pub(super) refilled: BTreeSet<String>,
    /// Whether it changes the schema.
    pub(super) defines: bool,
    /// Whether it copies the whole database (`VACUUM`).
    pub(super) vacuum: bool,
}

/// One instruction.
struct Instruction {
    opcode: String,
    p1: i64,
    p2: i64,
    p3: i64,
    p5: i64,
}

/// In `P5` of `OpenWrite`: `P2` is no root page but the register that holds one, of a b-tree just made.
const ROOT_IN_REGISTER: i64 = 0x10;

/// The main database in `P3` of the `Open` instructions and `P2` of `Clear`.
const MAIN: i64 = 0;

/// Reads the bytecode of a statement. A statement that can't be compiled has none.
pub(super) fn read(connection: &Connection, text: &str, roots: &Roots) -> Bytecode {
    let mut bytecode = Bytecode::default();
    for program in programs(connection, text).unwrap_or_default() {
        Reader::new(&program, roots).read(&mut bytecode);
    }
    bytecode
}

/// The main program and those of triggers and foreign key actions, which `EXPLAIN` lists behind it.
fn programs(connection: &Connection, text: &str) -> rusqlite::Result<Vec<Vec<Instruction>>> {
    let mut statement = connection.prepare(&format!("EXPLAIN {text}"))?;
    let mut rows = statement.query([])?;
    let mut programs: Vec<Vec<Instruction>> = Vec::new();
    while let Some(row) = rows.next()? {
        let address: i64 = row.get(0)?;
        if address == 0 {
            programs.push(Vec::new());
        }
        let instruction = Instruction {
            opcode: row.get(1)?,
            p1: row.get(2)?,
            p2: row.get(3)?,
            p3: row.get(4)?,
            p5: row.get(6)?,
        };
        if let Some(program) = programs.last_mut() {
            program.push(instruction);
        }
    }
    Ok(programs)
}

struct Reader<'a> {
    program: &'a [Instruction],
    roots: &'a Roots,
    /// What each cursor is open on, at the instruction that is being read.
    cursors: BTreeMap<i64, &'a Root>,
    /// Where each cursor was last sent to its first or last row.
    rewound: BTreeMap<i64, usize>,
}

impl<'a> Reader<'a> {
    fn new(program: &'a [Instruction], roots: &'a Roots) -> Self {
        Reader {
            program,
            roots,
            cursors: BTreeMap::new(),
            rewound: BTreeMap::new(),
        }
    }

    fn read(&mut self, bytecode: &mut Bytecode) {
        let mut cleared_tables = BTreeSet::new();
        let mut cleared_indexes = Vec::new();
        for (address, instruction) in self.program.iter().enumerate() {
            match instruction.opcode.as_str() {
                "OpenRead" | "OpenWrite" | "ReopenIdx" => self.open(instruction),
                opcode if opcode.starts_with("Open") => {
                    self.cursors.remove(&instruction.p1);
                }
                "Rewind" | "Last" => {
                    self.rewound.insert(instruction.p1, address);
                }
                "Next" | "Prev" => self.end_of_loop(address, instruction.p1, bytecode),
                "Count" => {
                    bytecode
                        .scanned
                        .extend(self.cursors.get(&instruction.p1).map(|root| root.table.clone()));
                }
                "Clear" if instruction.p2 == MAIN => match self.roots.roots.get(&instruction.p1) {
                    Some(Root {
                        index: Some(index),
                        table,
                    }) => cleared_indexes.push((index.clone(), table.clone())),
                    Some(Root { index: None, table }) => {
                        cleared_tables.insert(table.clone());
                    }
                    None => {}
                },
                "Vacuum" => bytecode.vacuum = true,
                "ParseSchema" => bytecode.defines = true,
                _ => {}
            }
        }
        let refilled = cleared_indexes
            .into_iter()
            .filter(|(_, table)| !cleared_tables.contains(table));
        bytecode.refilled.extend(refilled.map(|(index, _)| index));
    }

    fn open(&mut self, instruction: &Instruction) {
        let known = instruction.p3 == MAIN && instruction.p5 & ROOT_IN_REGISTER == 0;
        match self.roots.roots.get(&instruction.p2) {
            Some(root) if known => self.cursors.insert(instruction.p1, root),
            _ => self.cursors.remove(&instruction.p1),
        };
        self.rewound.remove(&instruction.p1);
    }

    /// A loop over all rows of a cursor ends here, unless its body leaves it after the first row.
    fn end_of_loop(&mut self, address: usize, cursor: i64, bytecode: &mut Bytecode) {
        let (Some(start), Some(root)) = (self.rewound.remove(&cursor), self.cursors.get(&cursor)) else {
            return;
        };
        let body = &self.program[start + 1..address];
        if leaves_early(body, address) {
            return;
        }
        bytecode.scanned.insert(root.table.clone());
        let writes = |instruction: &Instruction| {
            let same = self
                .cursors
                .get(&instruction.p1)
                .is_some_and(|other| other.table == root.table && other.index.is_none());
            same && matches!(instruction.opcode.as_str(), "Insert" | "IdxInsert")
        };
        if body.iter().any(writes) {
            bytecode.written_in_loop.insert(root.table.clone());
        }
    }
}

/// Whether a loop ends after its first row (`raise()`, `max()` by an index) or after a number of rows (`LIMIT`).
fn leaves_early(body: &[Instruction], end: usize) -> bool {
    let stops = body.first().is_some_and(|first| first.opcode == "Halt");
    let jumps_out = |instruction: &Instruction| usize::try_from(instruction.p2).is_ok_and(|target| target > end);
    let single = body.last().is_some_and(|last| last.opcode == "Goto" && jumps_out(last));
    let limited = body
        .iter()
        .any(|instruction| instruction.opcode == "DecrJumpZero" && jumps_out(instruction));
    stops || single || limited
}
