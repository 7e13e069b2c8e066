//! What a person said within what an agent's harness wraps around it.
//!
//! Coding tools send each turn with elements before and behind it that say where the editor stands, what the time is, and
//! how to behave. They outweigh the person's words and say nothing about what is wanted, so they do not decide.

/// Elements that hold the person's own words: what is in the last of them is what was said.
const SAID: [&str; 8] =
    ["user_query", "user_message", "user_request", "user_input", "user_prompt", "task", "query", "request"];
/// Words of the names of elements that a harness adds. Elements of HTML have none of them, and neither do those in which
/// people give a text to work on (`<document>`, `<context>`, `<selected_code>`).
const ADDED: [&str; 16] = [
    "environment",
    "reminder",
    "details",
    "metadata",
    "workspace",
    "editor",
    "ide",
    "tabs",
    "diagnostics",
    "status",
    "state",
    "rules",
    "info",
    "capabilities",
    "instructions",
    "permissions",
];
/// Elements that are taken off at most.
const MOST: usize = 32;
/// The longest name of an element.
const LONGEST_NAME: usize = 40;

/// The person's words, without white space around them. All of the text where nothing would be left.
#[must_use]
pub(super) fn said(text: &str) -> &str {
    let whole = text.trim();
    let mut rest = whole;
    for _ in 0..MOST {
        let Some(next) = first_taken_off(rest).or_else(|| last_taken_off(rest)) else { break };
        rest = next.trim();
    }
    if let Some(inside) = inside(rest) {
        rest = inside.trim();
    }
    if rest.is_empty() { whole } else { rest }
}

/// The text behind an element that a harness added, where it begins with one.
fn first_taken_off(text: &str) -> Option<&str> {
    let (name, behind) = opening(text)?;
    let (_, rest) = behind.split_once(&closing(name).filter(|_| is_added(name))?)?;
    Some(rest)
}

/// The text before such an element, where it ends with one.
fn last_taken_off(text: &str) -> Option<&str> {
    let begin = text.strip_suffix('>')?;
    let (before, name) = begin.rsplit_once("</")?;
    let opened = closing(name).filter(|_| is_added(name)).map(|_| format!("<{name}"))?;
    let (before, within) = before.rsplit_once(&opened)?;
    within.starts_with(['>', ' ', '\n']).then_some(before)
}

/// What is in the last element of the person's words.
fn inside(text: &str) -> Option<&str> {
    let (name, _) = opening(text)?;
    let name = SAID.into_iter().find(|said| *said == name)?;
    let (before, _) = text.rsplit_once(&closing(name)?)?;
    let (_, said) = before.rsplit_once(&format!("<{name}>"))?;
    Some(said)
}

/// The name of the element that a text begins with, and what is behind its opening tag.
fn opening(text: &str) -> Option<(&str, &str)> {
    let tag = text.strip_prefix('<')?;
    let end = tag.find(|c: char| !is_of_a_name(c)).filter(|end| (1..=LONGEST_NAME).contains(end))?;
    let (name, rest) = tag.split_at_checked(end)?;
    let (_attributes, behind) = rest.split_once('>')?;
    Some((name, behind))
}

/// The closing tag of an element, where that is a name at all.
fn closing(name: &str) -> Option<String> {
    let sound = !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(is_of_a_name);
    sound.then(|| format!("</{name}>"))
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn is_added(name: &str) -> bool {
    // `<details>` alone is one of HTML.
    name != "details" && name.split(['_', '-']).any(|word| ADDED.iter().any(|added| word.eq_ignore_ascii_case(added)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_come_off_and_what_people_paste_stays() {
        let check = |text: &str, expected: &str| assert_eq!(said(text), expected, "{text}");
        check("  fix it\n\n<environment_details>\ncwd: /x <b>\n</environment_details>\n", "fix it");
        check("<system-reminder>a</system-reminder>\n<system-reminder>b</system-reminder>\nhi!", "hi!");
        check("<user_info os=\"x\">\nme\n</user_info>\n<user_query>\nwhy?\n</user_query>", "why?");
        check("<task>build it</task>\n<environment_details>x</environment_details>", "build it");
        check("<div>why is this red?</div>", "<div>why is this red?</div>");
        check("<context>a text</context> who wrote it?", "<context>a text</context> who wrote it?");
        check("what does <task>x</task> mean", "what does <task>x</task> mean");
        check(
            "<environment_details>only this</environment_details>",
            "<environment_details>only this</environment_details>",
        );
        check("<user_query></user_query>", "<user_query></user_query>");
        check("<environment_details>never closed", "<environment_details>never closed");
        check("<details>a</details> shorter", "<details>a</details> shorter");
        check("a < b </ c >", "a < b </ c >");
        check("<é_state>x</é_state>", "<é_state>x</é_state>");
    }

    #[test]
    fn hostile_nesting_ends() {
        let text = "<a_state>".repeat(20_000) + "</a_state>".repeat(20_000).as_str();
        assert!(!said(&text).is_empty());
    }
}
