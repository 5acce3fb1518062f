//! What engines do, as tables: one file per engine, each line with the versions it holds for and the place in the manual
//! that says so. A live test holds every prediction that is made from them against what a server does.

pub(super) mod mariadb;
pub(super) mod mysql;
pub(super) mod mysql_family;
pub(super) mod postgres;
pub(super) mod sqlite;

/// Versions for which a fact holds: from the first to the last, both included. 0 is the beginning, [`ALWAYS`] the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Majors {
    pub(super) from: u32,
    pub(super) until: u32,
}

impl Majors {
    pub(super) fn contains(self, major: u32) -> bool {
        (self.from..=self.until).contains(&major)
    }
}

/// Every version dbwright knows.
pub(super) const ALL: Majors = Majors {
    from: 0,
    until: u32::MAX,
};

/// From this version on.
pub(super) const fn from(from: u32) -> Majors {
    Majors { from, until: u32::MAX }
}

/// Up to this version.
pub(super) const fn until(until: u32) -> Majors {
    Majors { from: 0, until }
}
