//! Rows as aligned columns, for terminals.

use unicode_width::UnicodeWidthStr;

/// Spaces between two columns.
const GAP: &str = "  ";

/// A heading for each column, then the rows; nothing without rows. Numbers are aligned at their end.
pub(super) fn columns(heads: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let head: Vec<String> = heads.iter().map(|&text| text.to_owned()).collect();
    let all = || std::iter::once(&head).chain(rows);
    let width = |column: usize| all().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let is_number = |text: &String| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    let are_numbers: Vec<bool> =
        (0..heads.len()).map(|column| rows.iter().all(|row| is_number(&row[column]))).collect();
    let line = |row: &Vec<String>| {
        let cell = |(column, text): (usize, &String)| {
            let space = " ".repeat(widths[column] - text.width());
            if are_numbers[column] { format!("{space}{text}") } else { format!("{text}{space}") }
        };
        let cells: Vec<String> = row.iter().enumerate().map(cell).collect();
        cells.join(GAP).trim_end().to_owned() + "\n"
    };
    all().map(line).collect()
}

/// A number with a comma between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [vec!["1".into(), "日本".into(), "x".into()], vec!["10".into(), "a".into(), String::new()]];
        assert_eq!(columns(&["n", "name", ""], &rows), " n  name\n 1  日本  x\n10  a\n");
        assert_eq!(columns(&["n"], &[]), "");
    }

    #[test]
    fn thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
