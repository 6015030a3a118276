//! Random graphs, states of the version table, and commands. The same number always gives the same.

use fastrand::Rng;

use crate::oracle::{Call, Given, Kind, Question};

const CALLS: usize = 12;

pub fn question(number: u64) -> Question {
    let mut random = Rng::with_seed(number);
    let mut revisions = graph(&mut random);
    let calls = (0..CALLS).map(|_| call(&mut random, &revisions)).collect();
    if random.u8(..8) == 0 {
        damage(&mut random, &mut revisions);
    }
    random.shuffle(&mut revisions);
    Question { revisions, calls }
}

fn graph(random: &mut Rng) -> Vec<Given> {
    let size = match random.u8(..10) {
        0 => random.usize(0..3),
        1 => random.usize(20..40),
        _ => random.usize(3..14),
    };
    // How much of everything this graph has.
    let (branches, merges, bases, needs, labels) =
        (random.f32() * 0.5, random.f32() * 0.4, random.f32() * 0.25, random.f32() * 0.4, random.f32() * 0.3);
    let ids = random.u8(..4);
    let mut revisions: Vec<Given> = Vec::new();
    for number in 0..size {
        let id = id(random, ids, number);
        let mut down = Vec::new();
        if number > 0 && random.f32() >= bases {
            let heads = heads(&revisions);
            let from_anywhere = random.f32() < branches;
            let choose = |random: &mut Rng| {
                if from_anywhere {
                    revisions[random.usize(..number)].id.clone()
                } else {
                    heads[random.usize(..heads.len())].clone()
                }
            };
            down.push(choose(random));
            while random.f32() < merges && down.len() < 4 {
                let other = choose(random);
                if down.contains(&other) {
                    break;
                }
                down.push(other);
            }
        }
        let mut depends_on = Vec::new();
        while number > 0 && random.f32() < needs && depends_on.len() < 4 {
            let other = &revisions[random.usize(..number)];
            let by_label = other.labels.first().filter(|_| random.bool());
            depends_on.push(by_label.unwrap_or(&other.id).clone());
        }
        let label =
            |random: &mut Rng| format!("{}{number}", ["shop", "core", "b", "pay_"][random.usize(..4)]);
        let mut own = Vec::new();
        while random.f32() < labels && own.len() < 2 {
            let label = label(random);
            if !own.contains(&label) {
                own.push(label);
            }
        }
        revisions.push(Given {
            path: format!("/shop/versions/{id}.py"),
            doc: doc(random, &id),
            id,
            down,
            depends_on,
            labels: own,
        });
    }
    revisions
}

fn id(random: &mut Rng, kind: u8, number: usize) -> String {
    let digits = |random: &mut Rng, count: usize| -> String {
        (0..count).map(|_| ['0', '1', 'a', 'b', 'c', 'd', 'e', 'f'][random.usize(..8)]).collect()
    };
    match kind {
        0 => format!("r{number}"),
        1 => format!("{number:04}"),
        // Many begin alike.
        2 => format!("ab{}{number:02}", digits(random, 2)),
        _ => format!("{}{number:02}", digits(random, 10)),
    }
}

fn doc(random: &mut Rng, id: &str) -> String {
    match random.u8(..6) {
        0 => String::new(),
        1 => format!("\n  Orders of {id}\n\nRevision ID: {id}\r\nRevises:\x0c\n  indented\n"),
        2 => format!("two\nlines of {id}\n"),
        _ => format!("step {id}\n\nRevision ID: {id}\n"),
    }
}

fn heads(revisions: &[Given]) -> Vec<String> {
    let is_head = |given: &&Given| revisions.iter().all(|other| !other.down.contains(&given.id));
    revisions.iter().filter(is_head).map(|given| given.id.clone()).collect()
}

/// Makes the graph wrong.
fn damage(random: &mut Rng, revisions: &mut Vec<Given>) {
    let Some(at) = (!revisions.is_empty()).then(|| random.usize(..revisions.len())) else { return };
    let other = revisions[random.usize(..revisions.len())].clone();
    let this = &mut revisions[at];
    match random.u8(..12) {
        0 => this.down.push("0f0f0f".to_owned()),
        1 => this.depends_on.push("0f0f0f".to_owned()),
        // A circle, or a loop, or just another parent.
        2 | 3 => this.down.push(other.id),
        4 | 5 => this.depends_on.push(other.id),
        6 => this.id = format!("{}{}", this.id, ["+", "-", ":", "@", "@-"][random.usize(..5)]),
        7 => this.labels.push(other.id),
        8 => this.labels.extend(other.labels),
        9 => {
            let again = Given { doc: "again".to_owned(), down: this.down.clone(), ..other };
            revisions.push(again);
        }
        10 => revisions.push(Given { labels: Vec::new(), ..other }),
        _ => this.down.extend(other.labels),
    }
}

fn call(random: &mut Rng, revisions: &[Given]) -> Call {
    let rows = rows(random, revisions);
    let kind = match random.u8(..20) {
        0..=5 => Kind::Upgrade { target: identifier(random, revisions) },
        6..=11 => Kind::Downgrade { target: identifier(random, revisions) },
        12..=14 => {
            Kind::Stamp { targets: (0..random.usize(1..4)).map(|_| identifier(random, revisions)).collect() }
        }
        15 => Kind::History {
            base: maybe_identifier(random, revisions),
            head: maybe_identifier(random, revisions),
        },
        16 => Kind::HistoryCurrent { head: maybe_identifier(random, revisions) },
        17 => Kind::Find { target: identifier(random, revisions) },
        18 => Kind::FindAll { target: identifier(random, revisions) },
        _ if random.bool() => Kind::Current,
        _ => Kind::NewRevision {
            targets: (0..random.usize(1..3)).map(|_| identifier(random, revisions)).collect(),
        },
    };
    Call { kind, rows }
}

/// What the version table holds: mostly what it would after some upgrade, now and then something impossible.
fn rows(random: &mut Rng, revisions: &[Given]) -> Vec<String> {
    let mut applied: Vec<&Given> = Vec::new();
    let count = random.usize(..4);
    for _ in 0..count.min(revisions.len()) {
        add_with_parents(&revisions[random.usize(..revisions.len())], revisions, &mut applied);
    }
    let is_implied =
        |given: &Given| applied.iter().any(|other| parents(other, revisions).contains(&given.id));
    let mut rows: Vec<String> =
        applied.iter().filter(|given| !is_implied(given)).map(|given| given.id.clone()).collect();
    if random.u8(..12) == 0 && !revisions.is_empty() {
        rows.push(match random.u8(..3) {
            0 => "0f0f0f".to_owned(),
            1 => revisions[random.usize(..revisions.len())].id.clone(),
            _ => rows.first().cloned().unwrap_or_default(),
        });
    }
    random.shuffle(&mut rows);
    rows
}

fn add_with_parents<'a>(given: &'a Given, revisions: &'a [Given], applied: &mut Vec<&'a Given>) {
    if applied.iter().any(|other| other.id == given.id) {
        return;
    }
    applied.push(given);
    for parent in parents(given, revisions) {
        if let Some(parent) = revisions.iter().find(|other| other.id == parent) {
            add_with_parents(parent, revisions, applied);
        }
    }
}

fn parents(given: &Given, revisions: &[Given]) -> Vec<String> {
    let by_name = |name: &String| {
        let named = revisions.iter().find(|other| other.id == *name || other.labels.contains(name));
        named.map(|named| named.id.clone())
    };
    given.down.iter().chain(&given.depends_on).filter_map(by_name).collect()
}

fn maybe_identifier(random: &mut Rng, revisions: &[Given]) -> String {
    if random.u8(..3) == 0 { String::new() } else { identifier(random, revisions) }
}

/// Every form of identifier, and what is none.
fn identifier(random: &mut Rng, revisions: &[Given]) -> String {
    let steps = |random: &mut Rng| {
        let sign = if random.bool() { '+' } else { '-' };
        format!("{sign}{}", [1, 1, 2, 3, 7, 0][random.usize(..6)])
    };
    let symbol = |random: &mut Rng| match random.u8(..6) {
        0 => "head".to_owned(),
        1 => "heads".to_owned(),
        2 => "base".to_owned(),
        _ => name(random, revisions),
    };
    match random.u8(..30) {
        0..=2 => "head".to_owned(),
        3..=5 => "heads".to_owned(),
        6..=8 => "base".to_owned(),
        9..=13 => name(random, revisions),
        14 | 15 => partial(random, revisions),
        16..=18 => steps(random),
        19 | 20 => format!("{}{}", symbol(random), steps(random)),
        21 | 22 => format!("{}@{}", name(random, revisions), symbol(random)),
        23 | 24 => format!("{}@{}", name(random, revisions), steps(random)),
        25 => format!("{}@{}{}", name(random, revisions), symbol(random), steps(random)),
        26 => format!("{}@{}", name(random, revisions), partial(random, revisions)),
        27 => format!("{}@{}", partial(random, revisions), symbol(random)),
        28 => [
            "nothing",
            "0f0f0f0f",
            "",
            "@",
            "@head",
            "x@head",
            "x@base",
            "x@+1",
            "r1@",
            "base@head",
            "heads@base",
        ][random.usize(..11)]
        .to_owned(),
        _ => ["-", "+", "+x", "1", "-1x", "head@heads", "a@b@c", "r1 ", " -1", "head-1", "base+1", "heads-1"]
            [random.usize(..12)]
        .to_owned(),
    }
}

/// An id or a label.
fn name(random: &mut Rng, revisions: &[Given]) -> String {
    if revisions.is_empty() {
        return "r1".to_owned();
    }
    if random.u8(..3) == 0 {
        let labels: Vec<&String> = revisions.iter().flat_map(|given| &given.labels).collect();
        if !labels.is_empty() {
            return labels[random.usize(..labels.len())].clone();
        }
    }
    revisions[random.usize(..revisions.len())].id.clone()
}

fn partial(random: &mut Rng, revisions: &[Given]) -> String {
    let whole = name(random, revisions);
    whole[..random.usize(1..=whole.len())].to_owned()
}
