//! What can be found in texts: classes of personal data and of secrets, by their names here and elsewhere.

/// Whether it is about a person, or lets whoever has it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Personal data.
    Pii,
    /// A number by which a state knows a person: personal data too.
    NationalId,
    /// A secret.
    Secret,
}

macro_rules! classes {
    ($($(#[$doc:meta])* $class:ident $kind:ident $name:literal $label:literal [$($other:literal)*])*) => {
        /// A class of what is found.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Class { $($(#[$doc])* $class),* }

        impl Class {
            /// All of them.
            pub const ALL: &'static [Class] = &[$(Class::$class),*];

            /// Whether it is personal data or a secret.
            pub fn kind(self) -> Kind { match self { $(Class::$class => Kind::$kind),* } }

            /// Its name in configurations, verdicts and logs.
            pub fn name(self) -> &'static str { match self { $(Class::$class => $name),* } }

            /// What stands in its placeholders: `EMAIL` in `<EMAIL_1>`.
            pub fn label(self) -> &'static str { match self { $(Class::$class => $label),* } }

            /// What others call it.
            fn others(self) -> &'static [&'static str] { match self { $(Class::$class => &[$($other),*]),* } }
        }
    };
}

classes! {
    /// An address of e-mail.
    Email Pii "email" "EMAIL" ["email_address" "mail"]
    /// A telephone number.
    Phone Pii "phone" "PHONE" ["phone_number" "us_phone"]
    /// A payment card: issuer's prefix, length and Luhn's check digit.
    Card Pii "credit_card" "CARD" ["card" "visa" "mastercard" "amex" "discover"]
    /// An international bank account number.
    Iban Pii "iban" "IBAN" ["iban_code"]
    /// An address of the internet protocol, of either version.
    Ip Pii "ip" "IP" ["ip_address" "ipv4" "ipv6"]
    /// A street with a number.
    Address Pii "address" "ADDRESS" ["location" "street_address"]
    /// A person's name.
    Name Pii "name" "NAME" ["person" "names"]
    /// US social security number.
    UsSsn NationalId "us_ssn" "SSN" ["ssn"]
    /// UK national insurance number.
    UkNino NationalId "uk_nino" "NINO" ["nino"]
    /// German tax id.
    DeTaxId NationalId "de_tax_id" "TAX_ID" []
    /// French number of the social security (NIR).
    FrInsee NationalId "fr_insee" "INSEE" ["fr_nir"]
    /// Spanish DNI or NIE.
    EsDni NationalId "es_dni" "DNI" ["es_nif" "es_nie"]
    /// Italian codice fiscale.
    ItFiscalCode NationalId "it_fiscal_code" "CODICE_FISCALE" ["it_codice_fiscale"]
    /// Dutch burgerservicenummer.
    NlBsn NationalId "nl_bsn" "BSN" []
    /// Polish PESEL.
    PlPesel NationalId "pl_pesel" "PESEL" []
    /// Swiss AHV number.
    ChAhv NationalId "ch_ahv" "AHV" []
    /// Brazilian CPF.
    BrCpf NationalId "br_cpf" "CPF" []
    /// Indian Aadhaar number.
    InAadhaar NationalId "in_aadhaar" "AADHAAR" []
    /// A key or token of a known form.
    ApiKey Secret "api_key" "API_KEY" ["aws_access_key" "github_token" "slack_token" "generic_api_key" "provider_key"]
    /// A JSON web token.
    Jwt Secret "jwt" "JWT" []
    /// A private key in PEM.
    PrivateKey Secret "private_key" "PRIVATE_KEY" []
    /// What looks random beside a word such as `secret`.
    Secret Secret "secret" "SECRET" ["aws_secret_key" "entropy"]
}

impl Class {
    /// The classes that a name stands for: one, or all of a kind. Names that the incumbent and Presidio have are known.
    pub fn parse(name: &str) -> Vec<Class> {
        let name = name.to_ascii_lowercase();
        let all = |wanted: fn(Kind) -> bool| Class::ALL.iter().copied().filter(|class| wanted(class.kind())).collect();
        match name.as_str() {
            "pii" => all(|kind| kind != Kind::Secret),
            "national_id" | "national_ids" => all(|kind| kind == Kind::NationalId),
            "secrets" => all(|kind| kind == Kind::Secret),
            name => {
                let is = |class: &Class| class.name() == name || class.others().contains(&name);
                Class::ALL.iter().copied().filter(is).collect()
            }
        }
    }
}
