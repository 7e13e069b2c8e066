//! A row in the terminal. Texts come from anybody, so nothing of them may act on the terminal.

use routing::{Category, Role, Turn};

use super::keys::Keys;
use super::sheet::Sheet;

/// The longest beginning and the longest end that are shown of the message in question, characters.
const LONGEST: (usize, usize) = (2_400, 800);
/// What is shown of each turn around it, characters.
const SHORT: usize = 160;
/// How many of the turns before it are shown, and of those after it.
const AROUND: usize = 6;

/// What the categories are about, where that is known.
pub(super) fn categories(categories: &[Category], keys: &Keys<'_>) -> String {
    let line = |category: &Category| {
        let about = if category.about.is_empty() { String::new() } else { format!(": {}", category.about) };
        harmless(&format!("{:>4} {}{about}", keys.of_category(&category.name), category.name))
    };
    categories.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A row: how far one is, the last user message, and the turns around it in short.
pub(super) fn row(sheet: &Sheet, row: usize, show_said: bool) -> String {
    let (turns, tools) = sheet.conversation(row);
    let (rows, labelled) = (sheet.len(), sheet.labelled());
    let mut text = format!("\n── row {} of {rows} · {labelled} labelled, {} left ──\n", row + 1, rows - labelled);
    if let Some((said, confidence)) = sheet.said(row).filter(|_| show_said) {
        let sure = confidence.map_or_else(|| "no confidence".into(), |confidence| format!("{confidence:.2}"));
        text.push_str(&format!("the gateway said: {} ({sure})\n", harmless(&said)));
    }
    if tools {
        text.push_str("tools are offered\n");
    }
    text.push_str(&conversation(&turns));
    text
}

fn conversation(turns: &[Turn<'_>]) -> String {
    let question = turns.iter().rposition(|turn| turn.role == Role::User).unwrap_or(turns.len().saturating_sub(1));
    let (before, rest) = turns.split_at(question.min(turns.len()));
    let mut text = String::new();
    let hidden = before.len().saturating_sub(AROUND);
    if hidden > 0 {
        text.push_str(&format!("({hidden} earlier turns)\n"));
    }
    before.iter().skip(hidden).for_each(|turn| text.push_str(&short(turn)));
    let Some((asked, after)) = rest.split_first() else { return text };
    text.push_str(&format!("{}:\n{}\n", name(asked), long(&asked.text)));
    after.iter().take(AROUND).for_each(|turn| text.push_str(&short(turn)));
    if after.len() > AROUND {
        text.push_str(&format!("({} later turns)\n", after.len() - AROUND));
    }
    text.push('\n');
    text
}

fn name(turn: &Turn<'_>) -> &'static str {
    match turn.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant if turn.calls_tools => "assistant (calls tools)",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

/// A turn in one line.
fn short(turn: &Turn<'_>) -> String {
    let words: String = turn.text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).take(SHORT).collect();
    let more = if turn.text.chars().nth(SHORT).is_some() { " …" } else { "" };
    format!("{}: {}{more}\n", name(turn), harmless(words.trim()))
}

/// A text, whose middle is left out where it is long: what is asked stands at the beginning or at the end.
fn long(text: &str) -> String {
    let (head, tail) = LONGEST;
    let length = text.chars().count();
    if length <= head + tail {
        return harmless(text);
    }
    let beginning: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    let left_out = length - head - tail;
    format!("{}\n(… {left_out} characters …)\n{}", harmless(&beginning), harmless(&end))
}

/// The text with every character that acts on a terminal or turns the direction of writing made visible instead.
fn harmless(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' => c,
        '\t' => ' ',
        // Each C0 control has its picture at the same distance.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' => char::REPLACEMENT_CHARACTER,
        '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            char::REPLACEMENT_CHARACTER
        }
        _ => c,
    };
    text.replace("\r\n", "\n").chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(harmless(text), expected);
    }

    #[test]
    fn nothing_in_a_text_acts_on_the_terminal() {
        check("a\r\nb\tc\n", "a\nb c\n");
        check("\x1b[2J\x1b]0;title\x07", "␛[2J␛]0;title␇");
        check("over\rwrite\x08\x7f", "over␍write␈␡");
        check("\u{9b}31m\u{85}", "\u{fffd}31m\u{fffd}");
        check("\u{202e}txt.exe\u{2066}", "\u{fffd}txt.exe\u{fffd}");
        check("naïve 日本 🙂", "naïve 日本 🙂");
    }

    fn turn(role: Role, text: impl Into<String>) -> Turn<'static> {
        Turn { role, text: text.into().into(), calls_tools: false }
    }

    #[test]
    fn the_last_user_message_is_whole_and_the_turns_around_it_are_short() {
        let mut turns: Vec<_> = (0..9).map(|number| turn(Role::Assistant, format!("before {number}\n\x1b"))).collect();
        turns.push(turn(Role::User, "line one\nline two"));
        turns.push(turn(Role::Tool, "x".repeat(500)));
        let shown = conversation(&turns);
        assert!(shown.starts_with("(3 earlier turns)\nassistant: before 3 ␛\n"), "{shown}");
        assert!(shown.contains("user:\nline one\nline two\ntool: xxx"), "{shown}");
        assert!(shown.contains(&format!("{} …\n", "x".repeat(SHORT))) && !shown.contains(&"x".repeat(SHORT + 1)));
        assert_eq!(conversation(&[]), "");
        assert_eq!(conversation(&[turn(Role::System, "alone")]), "system:\nalone\n\n");
    }

    #[test]
    fn a_long_message_shows_its_beginning_and_its_end() {
        let text = format!("first{}last?", "é".repeat(10_000));
        let shown = long(&text);
        assert!(shown.starts_with("first") && shown.ends_with("last?") && shown.contains("characters …"), "{shown}");
        assert!(shown.chars().count() < 3_300);
    }
}
