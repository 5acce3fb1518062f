//! What a rule says of a catalog, before it is told where that comes from.

use dbwright_catalog::{ObjectId, ObjectKind, Severity};

use crate::phrase;

/// Something about an object of a catalog that somebody should know.
#[derive(Clone, Debug)]
pub(crate) struct Flaw {
    /// The object.
    pub(crate) object: ObjectId,
    /// Other objects that make it a flaw: the index that makes this one redundant.
    pub(crate) related: Vec<ObjectId>,
    /// How bad it is, where that is not what the rule says of itself.
    pub(crate) severity: Option<Severity>,
    /// What the object is called, where the word for its kind tells too little: `Foreign key`.
    called: Option<&'static str>,
    /// What stands for the object altogether, where its name is nobody's.
    called_fully: Option<String>,
    /// What is so: `has no primary key`. The message puts the object before it.
    says: String,
    /// The same of several objects of a table: `have no default`. Flaws that say the same are told as one.
    says_of_many: Option<String>,
    /// Whole sentences.
    pub(crate) facts: Vec<String>,
    /// What to do, in whole sentences.
    pub(crate) advice: Vec<String>,
}

impl Flaw {
    /// A flaw of an object, as what is said of it: `has no primary key`.
    pub(crate) fn new(object: &ObjectId, says: impl Into<String>) -> Flaw {
        Flaw {
            object: object.clone(),
            related: Vec::new(),
            severity: None,
            called: None,
            called_fully: None,
            says: says.into(),
            says_of_many: None,
            facts: Vec::new(),
            advice: Vec::new(),
        }
    }

    /// May be told together with others of the same table, in these words for all of them.
    pub(crate) fn of_many(mut self, says: impl Into<String>) -> Flaw {
        self.says_of_many = Some(says.into());
        self
    }

    /// The object is called so, and not after its kind.
    pub(crate) fn called(mut self, word: &'static str) -> Flaw {
        self.called = Some(word);
        self
    }

    /// This stands for the object, where its name is one that nobody gave it; `Index i` where it is the name itself.
    pub(crate) fn called_fully(mut self, words: String) -> Flaw {
        let is_name = words == self.object.to_string();
        self.called_fully = Some(words).filter(|_| !is_name);
        self
    }

    /// Another object is part of it.
    pub(crate) fn with(mut self, object: &ObjectId) -> Flaw {
        self.related.push(object.clone());
        self
    }

    /// As bad as this.
    pub(crate) fn severity(mut self, severity: Severity) -> Flaw {
        self.severity = Some(severity);
        self
    }

    /// A fact, as a whole sentence.
    pub(crate) fn fact(mut self, fact: impl Into<String>) -> Flaw {
        self.facts.push(fact.into());
        self
    }

    /// What to do, as a whole sentence.
    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Flaw {
        self.advice.push(advice.into());
        self
    }

    /// The table that the object belongs to, or the object itself.
    pub(crate) fn owner(&self) -> ObjectId {
        self.object.owner_table().unwrap_or_else(|| self.object.clone())
    }
}

/// Flaws of one rule that are told as one: the objects, and the sentence about them without its full stop.
pub(crate) struct Folded {
    pub(crate) flaw: Flaw,
    pub(crate) message: String,
}

/// Tells flaws of one rule and one place as few as possible: those of one table that say the same are one.
pub(crate) fn fold(flaws: Vec<Flaw>) -> Vec<Folded> {
    let mut groups: Vec<Vec<Flaw>> = Vec::new();
    for flaw in flaws {
        let is_alike = |group: &Vec<Flaw>| {
            group.first().is_some_and(|first| {
                first.says_of_many.is_some()
                    && first.says_of_many == flaw.says_of_many
                    && first.severity == flaw.severity
                    && first.object.kind == flaw.object.kind
                    && first.owner() == flaw.owner()
            })
        };
        match groups.iter_mut().find(|group| is_alike(group)) {
            Some(group) => group.push(flaw),
            None => groups.push(vec![flaw]),
        }
    }
    groups.into_iter().filter_map(folded).collect()
}

fn folded(group: Vec<Flaw>) -> Option<Folded> {
    let names: Vec<String> = group.iter().map(|flaw| flaw.object.name().to_owned()).collect();
    let mut flaws = group.into_iter();
    let mut flaw = flaws.next()?;
    let message = match &flaw.says_of_many {
        Some(says) if names.len() > 1 => format!("{} of {} {says}", phrase::list(names), flaw.owner()),
        _ => format!("{} {}", subject(&flaw), flaw.says),
    };
    for other in flaws {
        flaw.related.push(other.object);
        flaw.related.extend(other.related);
        for (mine, its) in [(&mut flaw.facts, other.facts), (&mut flaw.advice, other.advice)] {
            mine.extend(its);
            let mut seen = Vec::new();
            mine.retain(|sentence| {
                let is_new = !seen.contains(sentence);
                seen.push(sentence.clone());
                is_new
            });
        }
    }
    Some(Folded { flaw, message })
}

/// The object with what it is, where its name alone does not tell: `Foreign key user_fk of orders`.
fn subject(flaw: &Flaw) -> String {
    let object = &flaw.object;
    if let Some(words) = &flaw.called_fully {
        return phrase::uppercase_first(words);
    }
    let called = flaw.called.unwrap_or(object.kind.name());
    match (object.kind, object.owner_table()) {
        (ObjectKind::Table | ObjectKind::Column, _) => object.to_string(),
        (_, Some(table)) => format!("{} {} of {table}", phrase::uppercase_first(called), object.name()),
        (_, None) => format!("{} {object}", phrase::uppercase_first(called)),
    }
}
