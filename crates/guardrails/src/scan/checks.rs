//! Check digits. Each takes the digits (or letters) of a number without what stands between them, and tells whether they
//! can be one; facts are those of the issuers' published rules.

use crate::Class;

/// Luhn's sum (ISO/IEC 7812-1).
pub fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let term = |(at, digit): (usize, &u8)| u32::from(if at % 2 == 1 { doubled(*digit) } else { *digit });
    digits.iter().rev().enumerate().map(term).sum::<u32>() % 10 == 0
}

/// A payment card: who issues numbers that begin so, and how long they are.
pub fn card(digits: &[u8]) -> bool {
    let head = |count: usize| digits.iter().take(count).fold(0u32, |sum, digit| sum * 10 + u32::from(*digit));
    let lengths: &[usize] = match (head(1), head(2), head(3), head(4)) {
        (4, ..) => &[13, 16, 19],
        (_, 51..=55, ..) | (_, _, _, 2221..=2720) => &[16],
        (_, 34 | 37, ..) => &[15],
        (_, 36 | 38 | 39, ..) | (_, _, 300..=305, _) => &[14, 16],
        (_, 65, ..) | (_, _, 644..=649, _) | (_, _, _, 6011) => &[16, 19],
        (_, _, _, 3528..=3589) => &[16],
        (_, 62, ..) => &[16, 17, 18, 19],
        (_, 50 | 56..=58 | 67, ..) | (_, _, _, 6304 | 6759 | 6761..=6763) => &[16, 18, 19],
        _ => &[],
    };
    lengths.contains(&digits.len()) && digits.iter().any(|digit| *digit != digits[0]) && luhn(digits)
}

/// Lengths of bank account numbers by country (SWIFT's IBAN registry).
const IBANS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NL", 18),
    (b"NO", 15),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"SA", 24),
    (b"SC", 31),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
];

/// How long the bank account numbers of a country are.
pub fn iban_length(country: &[u8]) -> Option<usize> {
    IBANS.iter().find(|(known, _)| known.as_slice() == country).map(|(_, length)| *length)
}

/// The remainder by 97 that says whether an IBAN is one (ISO 13616): capital letters and digits alone.
pub fn iban(text: &[u8]) -> bool {
    let turned = text[4..].iter().chain(&text[..4]);
    let rest = turned.fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.saturating_sub(b'A')) + 10) % 97,
    });
    rest == 1
}

/// US social security numbers: areas 000, 666 and 9xx, group 00 and serial 0000 are never given out.
pub fn ssn(digits: &[u8]) -> bool {
    let number =
        |range: std::ops::Range<usize>| digits[range].iter().fold(0u32, |sum, digit| sum * 10 + u32::from(*digit));
    let (area, group, serial) = (number(0..3), number(3..5), number(5..9));
    // These two stand in advertisements and examples.
    let known = [[0, 7, 8, 0, 5, 1, 1, 2, 0], [2, 1, 9, 0, 9, 9, 9, 9, 9]];
    area != 0 && area != 666 && area < 900 && group != 0 && serial != 0 && !known.iter().any(|one| one == digits)
}

/// UK national insurance numbers: two letters, six digits, a letter; some letters are never used.
pub fn nino(text: &[u8]) -> bool {
    let [first, second, digits @ .., last] = text else { return false };
    let pair = [*first, *second];
    digits.len() == 6
        && digits.iter().all(u8::is_ascii_digit)
        && first.is_ascii_uppercase()
        && second.is_ascii_uppercase()
        && !b"DFIQUV".contains(first)
        && !b"DFIOQUV".contains(second)
        && ![b"BG", b"GB", b"NK", b"KN", b"TN", b"NT", b"ZZ"].contains(&&pair)
        && (b'A'..=b'D').contains(last)
}

/// German tax ids: one digit of the first ten is there two or three times, and ISO 7064 MOD 11,10.
pub fn tax_id(digits: &[u8]) -> bool {
    let mut counts = [0u8; 10];
    digits[..10].iter().for_each(|digit| counts[usize::from(*digit)] += 1);
    let repeated = counts.iter().filter(|count| **count > 1).count() == 1 && counts.iter().all(|count| *count < 4);
    let product = digits[..10].iter().fold(10u32, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    digits[0] != 0 && repeated && (11 - product) % 10 == u32::from(digits[10])
}

/// French numbers of the social security: 15 characters, Corsica's departments with a letter; the last two are a key.
pub fn insee(text: &[u8]) -> bool {
    let mut number = 0u64;
    for (at, byte) in text[..13].iter().enumerate() {
        number = number * 10
            + match (at, byte) {
                (_, b'0'..=b'9') => u64::from(byte - b'0'),
                (6, b'A' | b'B') if text[5] == b'2' => 0,
                _ => return false,
            };
    }
    number -= match text[6] {
        b'A' => 1_000_000,
        b'B' => 2_000_000,
        _ => 0,
    };
    let two = |at: usize| u64::from(text[at].wrapping_sub(b'0')) * 10 + u64::from(text[at + 1].wrapping_sub(b'0'));
    let month = two(3);
    matches!(text[0], b'1' | b'2') && matches!(month, 1..=12 | 20 | 30..=42 | 50..=99) && two(13) == 97 - number % 97
}

/// Spanish DNI (eight digits and a letter) and NIE (`X`, `Y` or `Z`, seven digits and a letter).
pub fn dni(text: &[u8]) -> bool {
    let [first, middle @ .., last] = text else { return false };
    let head = match first {
        b'X' => 0,
        b'Y' => 1,
        b'Z' => 2,
        b'0'..=b'9' => u32::from(first - b'0'),
        _ => return false,
    };
    let number =
        middle.iter().try_fold(head, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')));
    middle.len() == 7 && number.is_some_and(|number| b"TRWAGMYFPDXBNJZSQVHLCKE"[(number % 23) as usize] == *last)
}

/// Italian fiscal codes: letters and digits in their places, and a letter that checks the others.
pub fn fiscal_code(text: &[u8]) -> bool {
    const FORM: &[u8; 16] = b"AAAAAA00A00A000A";
    // Where two people would have the same code, letters stand for digits.
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'A' => byte.is_ascii_uppercase(),
        _ => byte.is_ascii_digit() || b"LMNPQRSTUV".contains(byte),
    };
    if text.len() != 16 || !text.iter().zip(FORM).all(fits) || !b"ABCDEHLMPRST".contains(&text[8]) {
        return false;
    }
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let value = |byte: u8| usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' });
    let term = |(at, byte): (usize, &u8)| if at % 2 == 0 { ODD[value(*byte)] } else { value(*byte) as u32 };
    let sum: u32 = text[..15].iter().enumerate().map(term).sum();
    sum % 26 == u32::from(text[15] - b'A')
}

/// Dutch burgerservicenummers: the test of eleven.
pub fn bsn(digits: &[u8]) -> bool {
    let sum: i32 =
        digits.iter().zip([9, 8, 7, 6, 5, 4, 3, 2, -1]).map(|(digit, weight)| i32::from(*digit) * weight).sum();
    sum % 11 == 0 && digits.iter().any(|digit| *digit != 0)
}

/// Polish PESEL: a date of birth whose month tells the century, and a weighted sum.
pub fn pesel(digits: &[u8]) -> bool {
    let weights = [1u32, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1];
    let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum();
    let (month, day) = (digits[2] * 10 + digits[3], digits[4] * 10 + digits[5]);
    sum.is_multiple_of(10) && (1..=12).contains(&(month % 20)) && (1..=31).contains(&day)
}

/// Swiss AHV numbers: they begin with 756 and end like an EAN-13.
pub fn ahv(digits: &[u8]) -> bool {
    let sum: u32 =
        digits.iter().enumerate().map(|(at, digit)| u32::from(*digit) * if at % 2 == 1 { 3 } else { 1 }).sum();
    digits.starts_with(&[7, 5, 6]) && sum.is_multiple_of(10)
}

/// Brazilian CPF: two check digits, and not the same digit all along.
pub fn cpf(digits: &[u8]) -> bool {
    let check = |count: usize| {
        let sum: u32 = digits[..count]
            .iter()
            .zip((2..=count as u32 + 1).rev())
            .map(|(digit, weight)| u32::from(*digit) * weight)
            .sum();
        let rest = sum * 10 % 11;
        u32::from(digits[count]) == if rest == 10 { 0 } else { rest }
    };
    digits.iter().any(|digit| *digit != digits[0]) && check(9) && check(10)
}

/// Indian Aadhaar numbers: they begin with 2 to 9, and Verhoeff's sum.
pub fn aadhaar(digits: &[u8]) -> bool {
    const PERMUTE: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    // Products in the group of the symmetries of a pentagon.
    let product = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let permuted = |digit: u8, times: usize| (0..times % 8).fold(digit, |digit, _| PERMUTE[usize::from(digit)]);
    let sum = digits.iter().rev().enumerate().fold(0, |sum, (at, digit)| product(sum, permuted(*digit, at)));
    digits[0] >= 2 && sum == 0
}

/// The class of a national number that these digits alone can be.
pub fn passes(class: Class, digits: &[u8]) -> bool {
    match class {
        Class::UsSsn => digits.len() == 9 && ssn(digits),
        Class::DeTaxId => digits.len() == 11 && tax_id(digits),
        Class::NlBsn => digits.len() == 9 && bsn(digits),
        Class::PlPesel => digits.len() == 11 && pesel(digits),
        Class::ChAhv => digits.len() == 13 && ahv(digits),
        Class::BrCpf => digits.len() == 11 && cpf(digits),
        Class::InAadhaar => digits.len() == 12 && aadhaar(digits),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_tell_numbers_from_others() {
        let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect::<Vec<_>>();
        let check = |class, good: &str| {
            assert!(passes(class, &digits(good)), "{good}");
            // Any other last digit is wrong, but for those without a check.
            let mut bad = digits(good);
            let last = bad.len() - 1;
            bad[last] = (bad[last] + 1) % 10;
            assert!(class == Class::UsSsn || !passes(class, &bad), "{good} with another end");
        };
        check(Class::UsSsn, "536-90-4399");
        check(Class::DeTaxId, "86095742719");
        check(Class::NlBsn, "111222333");
        check(Class::PlPesel, "44051401359");
        check(Class::ChAhv, "756.9217.0769.85");
        check(Class::BrCpf, "111.444.777-35");
        check(Class::InAadhaar, "2341 2341 2346");
        for card_number in [
            "4111111111111111",
            "5555555555554444",
            "378282246310005",
            "6011111111111117",
            "30569309025904",
            "3530111333300000",
        ] {
            assert!(card(&digits(card_number)), "{card_number}");
        }
        for other in ["4111111111111112", "1234567812345670", "0000000000000000", "411111111111111"] {
            assert!(!card(&digits(other)), "{other}");
        }
        for one in
            ["DE89370400440532013000", "GB82WEST12345698765432", "FR1420041010050500013M02606", "NL91ABNA0417164300"]
        {
            assert!(iban(one.as_bytes()) && iban_length(&one.as_bytes()[..2]) == Some(one.len()), "{one}");
        }
        assert!(!iban(b"DE89370400440532013001"));
        assert!(nino(b"AB123456C") && !nino(b"BG123456C") && !nino(b"AB123456E"));
        assert!(insee(b"255081416802538") && !insee(b"255081416802539"));
        assert!(insee(b"180032A00100117") == (97 - (1_800_320_001_001u64 - 1_000_000) % 97 == 17));
        assert!(dni(b"12345678Z") && dni(b"X1234567L") && !dni(b"12345678A"));
        assert!(fiscal_code(b"RSSMRA85T10A562S") && !fiscal_code(b"RSSMRA85T10A562T"));
    }
}
