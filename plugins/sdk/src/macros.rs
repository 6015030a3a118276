//! The macros that make a struct a plugin.

/// Makes a plugin that changes rows. Its name and version are the crate's; its summary is the struct's documentation.
///
/// The fields are its options, each with a line of documentation:
/// - `read name = "column";` and `write name = "column";`: a column, of this name unless the option says another. Up to `=`
///   alone, it must be given. They make up the plugin's shape, in this order, and are `String`s.
/// - `option name: Type = "default";`: anything with `FromStr`. Up to `=` alone, it must be given.
/// - `secret name: Type;`: must be given, by reference, and is never shown.
#[macro_export]
macro_rules! transform {
    ($(#[doc = $summary:literal])* $visibility:vis struct $name:ident { $($fields:tt)* }) => {
        $crate::describe_plugin!([$($summary)*] $visibility $name [] [] [] [] $($fields)*);

        impl $crate::TransformPlugin for $name {
            fn with<R>(
                work: impl ::core::ops::FnOnce(&::core::cell::RefCell<::core::option::Option<$crate::__slot::Transform<$name>>>) -> R,
            ) -> R {
                ::std::thread_local! {
                    static PLACE: ::core::cell::RefCell<::core::option::Option<$crate::__slot::Transform<$name>>> =
                        const { ::core::cell::RefCell::new(::core::option::Option::None) };
                }
                PLACE.with(work)
            }
        }

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Export = $crate::__slot::TransformExport<$name>;
            $crate::bindings::describe::export!(Export with_types_in $crate::bindings::describe);
            $crate::bindings::transform::export!(Export with_types_in $crate::bindings::transform);
        };
    };
}

/// Makes a plugin that does a migration's step. Fields as for [`transform!`]; columns are of no meaning here.
#[macro_export]
macro_rules! step {
    ($(#[doc = $summary:literal])* $visibility:vis struct $name:ident { $($fields:tt)* }) => {
        $crate::describe_plugin!([$($summary)*] $visibility $name [] [] [] [] $($fields)*);

        impl $crate::StepPlugin for $name {}

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Export = $crate::__slot::StepExport<$name>;
            $crate::bindings::describe::export!(Export with_types_in $crate::bindings::describe);
            $crate::bindings::step::export!(Export with_types_in $crate::bindings::step);
        };
    };
}

/// Makes a plugin that checks migrations. Fields as for [`transform!`]; columns are of no meaning here.
#[macro_export]
macro_rules! rule {
    ($(#[doc = $summary:literal])* $visibility:vis struct $name:ident { $($fields:tt)* }) => {
        $crate::describe_plugin!([$($summary)*] $visibility $name [] [] [] [] $($fields)*);

        impl $crate::RulePlugin for $name {}

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Export = $crate::__slot::RuleExport<$name>;
            $crate::bindings::describe::export!(Export with_types_in $crate::bindings::describe);
            $crate::bindings::rule::export!(Export with_types_in $crate::bindings::rule);
        };
    };
}

/// Sorts the fields into [struct fields] [options] [read columns] [written columns], one at a time.
#[doc(hidden)]
#[macro_export]
macro_rules! describe_plugin {
    ($s:tt $v:vis $n:ident [$($f:tt)*] [$($o:tt)*] [$($r:tt)*] [$($w:tt)*]
        $(#[doc = $help:literal])* read $field:ident $(= $default:literal)?; $($rest:tt)*) => {
        $crate::describe_plugin!($s $v $n
            [$($f)* { [$($help)*] $field String }]
            [$($o)* { $field [$($help)*] [$($default)?] false }]
            [$($r)* $field] [$($w)*] $($rest)*);
    };
    ($s:tt $v:vis $n:ident [$($f:tt)*] [$($o:tt)*] [$($r:tt)*] [$($w:tt)*]
        $(#[doc = $help:literal])* write $field:ident $(= $default:literal)?; $($rest:tt)*) => {
        $crate::describe_plugin!($s $v $n
            [$($f)* { [$($help)*] $field String }]
            [$($o)* { $field [$($help)*] [$($default)?] false }]
            [$($r)*] [$($w)* $field] $($rest)*);
    };
    ($s:tt $v:vis $n:ident [$($f:tt)*] [$($o:tt)*] [$($r:tt)*] [$($w:tt)*]
        $(#[doc = $help:literal])* option $field:ident: $type:ty $(= $default:literal)?; $($rest:tt)*) => {
        $crate::describe_plugin!($s $v $n
            [$($f)* { [$($help)*] $field $type }]
            [$($o)* { $field [$($help)*] [$($default)?] false }]
            [$($r)*] [$($w)*] $($rest)*);
    };
    ($s:tt $v:vis $n:ident [$($f:tt)*] [$($o:tt)*] [$($r:tt)*] [$($w:tt)*]
        $(#[doc = $help:literal])* secret $field:ident: $type:ty; $($rest:tt)*) => {
        $crate::describe_plugin!($s $v $n
            [$($f)* { [$($help)*] $field $type }]
            [$($o)* { $field [$($help)*] [] true }]
            [$($r)*] [$($w)*] $($rest)*);
    };
    ([$($summary:literal)*] $v:vis $name:ident
        [$({ [$($help:literal)*] $field:ident $type:ty })*]
        [$({ $option:ident [$($text:literal)*] [$($default:literal)?] $secret:literal })*]
        [$($read:ident)*] [$($write:ident)*]) => {
        $(#[doc = $summary])*
        $v struct $name {
            $($(#[doc = $help])* pub $field: $type,)*
        }

        impl $crate::Described for $name {
            const NAME: &'static str = ::core::env!("CARGO_PKG_NAME");
            const VERSION: &'static str = ::core::env!("CARGO_PKG_VERSION");
            const SUMMARY: &'static str = ::core::concat!($($summary),*);
            const OPTIONS: &'static [$crate::OptionSpec] = &[$(
                $crate::OptionSpec {
                    name: $crate::__slot::option_name!($option),
                    help: ::core::concat!($($text),*),
                    default: $crate::__slot::first_of!($($default)?),
                    secret: $secret,
                },
            )*];

            #[allow(unused_variables, unused_mut, reason = "a plugin may have no options")]
            fn from_options(
                get: &dyn ::core::ops::Fn(&str) -> ::core::option::Option<::std::string::String>,
            ) -> ::core::result::Result<Self, ::std::string::String> {
                let mut specs = Self::OPTIONS.iter();
                ::core::result::Result::Ok($name {
                    $($field: $crate::__slot::parse_next(&mut specs, get)?,)*
                })
            }

            fn read_columns(&self) -> ::std::vec::Vec<::std::string::String> {
                ::std::vec![$(::std::string::String::clone(&self.$read)),*]
            }

            fn written_columns(&self) -> ::std::vec::Vec<::std::string::String> {
                ::std::vec![$(::std::string::String::clone(&self.$write)),*]
            }
        }
    };
}

/// What the macros reach into.
#[doc(hidden)]
pub mod __slot {
    use std::str::FromStr;

    pub use crate::rule::Export as RuleExport;
    pub use crate::step::Export as StepExport;
    pub use crate::transform::{Export as TransformExport, Slot as Transform};

    pub use crate::{__first_of as first_of, __option_name as option_name};

    use crate::describe::{OptionSpec, parse_option};

    /// Reads the option that comes next, in the order of the fields.
    ///
    /// # Errors
    /// It is missing or cannot be read.
    pub fn parse_next<T: FromStr>(
        specs: &mut std::slice::Iter<'_, OptionSpec>,
        get: &dyn Fn(&str) -> Option<String>,
    ) -> Result<T, String> {
        let spec = specs.next().ok_or("there are fewer options than fields")?;
        parse_option(spec, get)
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __first_of {
    () => {
        ::core::option::Option::None
    };
    ($value:literal) => {
        ::core::option::Option::Some($value)
    };
}

/// `first_name` as it is: options are spelled like the fields.
#[doc(hidden)]
#[macro_export]
macro_rules! __option_name {
    ($name:ident) => {
        ::core::stringify!($name)
    };
}
