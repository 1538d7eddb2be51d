//! Access rules of IAS-ECC files and objects in compact form: an access mode byte, then one security condition byte per
//! bit set in it, most significant first (ISO/IEC 7816-4, 7.4.3.3; tags 8C and 9C of the control parameters).
//!
//! What a file's control parameters say is what the card enforces: there is no second table.

/// One security condition byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecurityCondition(pub(crate) u8);

impl SecurityCondition {
    pub(crate) const ALWAYS: Self = Self(0x00);
    pub(crate) const NEVER: Self = Self(0xFF);
    /// User authentication in security environment 1: the holder's PIN.
    pub(crate) const PIN: Self = Self(0x11);
    /// User authentication in security environment 3: the unblock code.
    pub(crate) const UNBLOCK_CODE: Self = Self(0x13);
    /// Secure messaging in security environment 5, with keys of the issuer.
    pub(crate) const ISSUER: Self = Self(0x45);
}

/// Who has been authenticated, asked by whatever guards something.
pub(crate) trait Authentications {
    fn satisfies(&self, condition: SecurityCondition) -> bool;
}

/// Nobody: a card, or an interface of it, towards which nobody can authenticate.
pub(crate) struct Anyone;

impl Authentications for Anyone {
    fn satisfies(&self, condition: SecurityCondition) -> bool {
        condition == SecurityCondition::ALWAYS
    }
}

/// Through what the card is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interface {
    Contact,
    Contactless,
}

/// The rules of an elementary file through its contact interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileAccess {
    pub(crate) delete: SecurityCondition,
    pub(crate) update: SecurityCondition,
    pub(crate) read: SecurityCondition,
    /// Reading through the contactless interface; everything else is refused there.
    pub(crate) contactless_read: SecurityCondition,
}

impl FileAccess {
    /// Read by anyone, written by nobody (EF.SN of a real card).
    pub(crate) const READ_ONLY: Self = Self {
        delete: SecurityCondition::NEVER,
        update: SecurityCondition::NEVER,
        read: SecurityCondition::ALWAYS,
        contactless_read: SecurityCondition::ALWAYS,
    };
    /// Read by anyone, replaced by the issuer (EF.DIR and EF.ATR of a real card).
    pub(crate) const ISSUER_UPDATES: Self = Self {
        delete: SecurityCondition::ISSUER,
        update: SecurityCondition::ISSUER,
        ..Self::READ_ONLY
    };
    /// Read by anyone through the contacts only.
    pub(crate) const CONTACT_READ: Self = Self {
        contactless_read: SecurityCondition::NEVER,
        ..Self::READ_ONLY
    };
    /// Read after the PIN.
    pub(crate) const PIN_READ: Self = Self {
        read: SecurityCondition::PIN,
        ..Self::CONTACT_READ
    };
    /// Read by anyone, written after the PIN (CPS_DATA).
    pub(crate) const PIN_UPDATE: Self = Self {
        update: SecurityCondition::PIN,
        ..Self::CONTACT_READ
    };

    /// Read by anyone, through the antenna only.
    pub(crate) const CONTACTLESS_READ: Self = Self {
        read: SecurityCondition::NEVER,
        ..Self::READ_ONLY
    };

    /// What reading takes.
    pub(crate) fn read_condition(&self, interface: Interface) -> SecurityCondition {
        match interface {
            Interface::Contact => self.read,
            Interface::Contactless => self.contactless_read,
        }
    }

    /// Value of tag 8C: delete, terminate, activate, deactivate, update, read.
    pub(crate) fn contact_bytes(&self) -> [u8; 7] {
        let never = SecurityCondition::NEVER.0;
        [
            0x7B,
            self.delete.0,
            never,
            never,
            never,
            self.update.0,
            self.read.0,
        ]
    }

    /// Value of tag 9C, in the same order.
    pub(crate) fn contactless_bytes(&self) -> [u8; 7] {
        let never = SecurityCondition::NEVER.0;
        [
            0x7B,
            never,
            never,
            never,
            never,
            never,
            self.contactless_read.0,
        ]
    }
}
