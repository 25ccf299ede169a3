//! JSON whose forms are not relied upon: what is of another form than expected is as if it were not there.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// An object with members that are of interest. Of a name that comes twice the last counts, as in JavaScript.
pub(crate) trait Members<'de>: Default {
    /// Takes the value of the member `name` from `map`; `skip` passes over it.
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Passes over a member's value.
pub(crate) fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(drop)
}

/// What a value is taken for that has another form.
pub(crate) trait Otherwise {
    fn otherwise() -> Self;
}

/// Parses the rest of a visitor's forms away.
macro_rules! otherwise {
    ($($form:ident)*) => { $(otherwise!(@$form);)* };
    (@scalar) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> { Ok(Otherwise::otherwise()) }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> { Ok(Otherwise::otherwise()) }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> { Ok(Otherwise::otherwise()) }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> { Ok(Otherwise::otherwise()) }
        fn visit_unit<E>(self) -> Result<Self::Value, E> { Ok(Otherwise::otherwise()) }
    };
    (@text) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> { Ok(Otherwise::otherwise()) }
    };
    (@list) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Otherwise::otherwise())
        }
    };
    (@object) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Otherwise::otherwise())
        }
    };
}

fn expecting(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("any value")
}

/// An object; None: it is something else.
pub(crate) struct Object<T>(pub(crate) Option<T>);

impl<T> Otherwise for Object<T> {
    fn otherwise() -> Self {
        Self(None)
    }
}

impl<'de, T: Members<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading<T>(PhantomData<T>);
        impl<'de, T: Members<'de>> Visitor<'de> for Reading<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                expecting(f)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<T>, A::Error> {
                let mut value = T::default();
                while let Some(Name(name)) = map.next_key()? {
                    value.member(&name, &mut map)?;
                }
                Ok(Object(Some(value)))
            }

            otherwise! { scalar text list }
        }
        deserializer.deserialize_any(Reading(PhantomData))
    }
}

/// A list of objects; what is no object is left out of it, and what is no list is empty.
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Otherwise for List<T> {
    fn otherwise() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Members<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading<T>(PhantomData<T>);
        impl<'de, T: Members<'de>> Visitor<'de> for Reading<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                expecting(f)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
                let mut values = Vec::new();
                while let Some(Object(value)) = list.next_element()? {
                    values.extend(value);
                }
                Ok(List(values))
            }

            otherwise! { scalar text object }
        }
        deserializer.deserialize_any(Reading(PhantomData))
    }
}

/// A string; None: it is something else.
#[derive(Default)]
pub(crate) struct Text(pub(crate) Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Scalar::deserialize(deserializer)? {
            Scalar::Text(text) => Some(text),
            _ => None,
        }))
    }
}

/// `true`; everything else is not.
#[derive(Default)]
pub(crate) struct Flag(pub(crate) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(matches!(Scalar::deserialize(deserializer)?, Scalar::Bool(true))))
    }
}

/// A value by its form.
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Whole(u64),
    Text(String),
    /// A list, an object, or another number.
    Other,
}

impl Otherwise for Scalar {
    fn otherwise() -> Self {
        Self::Other
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                expecting(f)
            }

            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar::Whole(value))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Scalar, E> {
                Ok(Scalar::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Scalar, E> {
                Ok(Scalar::Other)
            }

            fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(value.to_owned()))
            }

            otherwise! { list object }
        }
        deserializer.deserialize_any(Reading)
    }
}

/// A member's name.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                expecting(f)
            }

            fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(value)))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(value.to_owned())))
            }
        }
        deserializer.deserialize_str(Reading)
    }
}
