//! The number of a user, as JSON: a text, because those who come by HTTP alone have numbers of 64 bits, which a browser would
//! round to somebody else's.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User(pub i64);

impl Serialize for User {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse()
            .map(Self)
            .map_err(|_| D::Error::custom("a user has a number, as text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_rounded() {
        let user = User(-2_909_185_279_242_180_632);
        let told = serde_json::to_string(&user).unwrap();
        assert_eq!(told, "\"-2909185279242180632\"");
        assert_eq!(serde_json::from_str::<User>(&told).unwrap(), user);
        assert!(serde_json::from_str::<User>("\"x\"").is_err());
    }
}
