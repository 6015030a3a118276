//! Money kept as a floating-point number cannot be added up. This plugin moves it to an integer column of the smallest
//! unit, and refuses every amount that is no whole number of it, rather than round money away.

use dunlin_plugin::{Change, Failure, Row, Transform, Value};

dunlin_plugin::transform! {
    /// Turns amounts kept as floating-point numbers into whole cents, and refuses what is none.
    pub struct MoneyCents {
        /// The column of amounts, a float or a decimal
        read amount = "amount";
        /// The column of cents, an integer
        write cents = "amount_cents";
        /// Digits that the currency has behind the point: 2 for most, 0 for yen, 3 for dinars
        option digits: u32 = "2";
    }
}

/// A float near a whole number of cents is meant to be it. Sums of floats stray by far less, other amounts by far more.
const TOLERANCE: f64 = 1e-4;

/// Floats are whole numbers only up to here.
const LARGEST: f64 = (1_u64 << 53) as f64;

impl Transform for MoneyCents {
    const REVERSIBLE: bool = true;

    fn transform(&self, row: &Row<'_>) -> Result<Change, Failure> {
        let fail = |reason: String| row.failure(0, reason);
        let cents = match row.value(0)? {
            Value::Null => return Ok(Change::set([Value::Null])),
            Value::Integer(whole) => {
                whole.checked_mul(self.unit()).ok_or_else(|| fail(format!("{whole} is too large")))?
            }
            Value::Float(amount) => self.of_float(*amount).map_err(fail)?,
            Value::Decimal(amount) => self.of_decimal(amount).map_err(fail)?,
            other => return Err(fail(format!("it is {}, which is no amount", other.kind_name()))),
        };
        Ok(Change::set([Value::from(cents)]))
    }

    fn inverse(&self, row: &Row<'_>) -> Result<Change, Failure> {
        let cents: Option<i64> = row.get(0)?;
        // The nearest float to the decimal number; exactly what was there, if it was a decimal number before.
        let amount = cents.map(|cents| {
            let text = format!("{cents}e-{}", self.digits);
            text.parse::<f64>().map_err(|_| row.failure(0, format!("{cents} is no amount")))
        });
        Ok(Change::set([Value::from(amount.transpose()?)]))
    }
}

impl MoneyCents {
    /// How many of the smallest unit make one.
    fn unit(&self) -> i64 {
        10_i64.saturating_pow(self.digits)
    }

    fn of_float(&self, amount: f64) -> Result<i64, String> {
        let cents = amount * self.unit() as f64;
        let whole = cents.round();
        if whole.is_nan() || whole.abs() >= LARGEST {
            return Err(format!("{amount} is no amount of money"));
        }
        if (cents - whole).abs() > TOLERANCE {
            return Err(format!("{amount} is no whole number of the smallest unit"));
        }
        Ok(whole as i64)
    }

    fn of_decimal(&self, amount: &str) -> Result<i64, String> {
        let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
        let digits = self.digits as usize;
        let (kept, rest) = fraction.split_at_checked(digits).unwrap_or((fraction, ""));
        if rest.bytes().any(|digit| digit != b'0') {
            return Err(format!("{amount} is no whole number of the smallest unit"));
        }
        let cents = format!("{whole}{kept:0<digits$}");
        cents.parse().map_err(|_| format!("{amount} is no amount of money that fits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cents(digits: &str, amount: impl Into<Value>) -> Result<Value, String> {
        let outcome = dunlin_plugin::test::<MoneyCents>().option("digits", digits).run([[amount.into()]]);
        match outcome.changes.first() {
            Some(change) => Ok(change.values[0].clone()),
            None => Err(outcome.failures[0].message.clone()),
        }
    }

    #[test]
    fn whole_cents_are_kept_whatever_the_float_looks_like() {
        assert_eq!(cents("2", 19.99), Ok(Value::Integer(1999)));
        assert_eq!(cents("2", 0.1 + 0.2), Ok(Value::Integer(30)));
        assert_eq!(cents("2", -1.15), Ok(Value::Integer(-115)));
        assert_eq!(cents("0", 12.0), Ok(Value::Integer(12)));
        assert_eq!(
            cents("2", Value::Decimal("1234567890123.40".into())),
            Ok(Value::Integer(123_456_789_012_340))
        );
        assert_eq!(cents("3", Value::Decimal("-0.5".into())), Ok(Value::Integer(-500)));
        assert_eq!(cents("2", Value::Null), Ok(Value::Null));
    }

    #[test]
    fn what_is_no_whole_number_of_cents_is_refused() {
        assert!(cents("2", 0.125).is_err());
        assert!(cents("2", f64::NAN).is_err());
        assert!(cents("2", f64::INFINITY).is_err());
        assert!(cents("2", 1e300).is_err());
        assert!(cents("2", Value::Decimal("0.125".into())).is_err());
        assert!(cents("2", "12").is_err());
    }

    #[test]
    fn down_gives_the_amount_back() {
        for amount in [19.99, 0.1, -1.15, 123_456.78, 0.0] {
            let up = dunlin_plugin::test::<MoneyCents>().run([[Value::from(amount)]]);
            let down = dunlin_plugin::test::<MoneyCents>().down().run([up.changes[0].values.clone()]);
            assert_eq!(down.changes[0].values, [Value::from(amount)]);
        }
    }
}
