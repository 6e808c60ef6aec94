//! The texts of the page of a family's adults, and of links that are shown once.

texts! {
    Members {
        title: "Family", "Familie";
        adults: "Adults", "Erwachsene";
        owner: "Owner", "Leitung";
        parent: "Parent", "Elternteil";
        helper: "Helper", "Hilfe";
        roles_hint: "A parent can do everything except manage the adults. A helper can give points and answer requests.",
            "Ein Elternteil kann alles, außer die Erwachsenen verwalten. Eine Hilfe kann Punkte geben und Anfragen beantworten.";
        you: "you", "du";
        since: "since", "seit";
        manage: "Change", "Ändern";
        role: "Role", "Rolle";
        role_hint: "{0} has to sign in again.", "{0} muss sich neu anmelden.";
        reset: "Create a link for a new password", "Link für ein neues Passwort erstellen";
        your_password: "Your password", "Dein Passwort";
        remove: "Remove from the family", "Aus der Familie entfernen";
        remove_hint: "{0} keeps an account with an empty family.",
            "{0} behält ein Konto mit einer leeren Familie.";
        changed: "The role is changed.", "Die Rolle ist geändert.";
        removed: "The member is removed.", "Das Mitglied ist entfernt.";
        revoked: "The invitation is revoked.", "Die Einladung ist widerrufen.";
        invite: "Invite somebody", "Jemanden einladen";
        invite_hint: "You get a link to send. It works once, for seven days.",
            "Du bekommst einen Link zum Verschicken. Er gilt einmal und sieben Tage lang.";
        invite_email: "Only for this email address", "Nur für diese E-Mail-Adresse";
        optional: "Optional.", "Freiwillig.";
        invite_submit: "Create the link", "Link erstellen";
        open: "Open invitations", "Offene Einladungen";
        none_open: "Nobody is invited at the moment.", "Gerade ist niemand eingeladen.";
        for_anyone: "for anyone who has the link", "für alle, die den Link haben";
        for_email: "for {0}", "für {0}";
        until: "until", "bis";
        revoke: "Revoke", "Widerrufen";
        leave: "Leave the family", "Die Familie verlassen";
        leave_hint: "You keep your account, with an empty family. The owner can invite you again.",
            "Du behältst dein Konto, mit einer leeren Familie. Die Leitung kann dich wieder einladen.";
        transfer: "Give the family to another adult", "Die Familie übergeben";
        transfer_hint: "That person becomes the owner, and you become a parent. Both of you sign in again.",
            "Diese Person bekommt die Leitung, und du wirst Elternteil. Ihr beide meldet euch neu an.";
        transfer_to: "New owner", "Neue Leitung";
        transfer_submit: "Give it away", "Übergeben";
        invitation_title: "The invitation is ready", "Die Einladung ist fertig";
        invitation_link: "Send this link to the person whom you invite. It is shown only now.",
            "Schicke diesen Link der Person, die du einlädst. Er wird nur jetzt gezeigt.";
        invitation_again: "This invitation was created already, and its link was shown. Revoke it and create another one if you do not have the link.",
            "Diese Einladung gibt es schon, und ihr Link wurde gezeigt. Widerrufe sie und erstelle eine neue, wenn du den Link nicht hast.";
        reset_title: "The link is ready", "Der Link ist fertig";
        reset_link: "Give this link to {0} only: whoever opens it sets a new password. It is shown only now.",
            "Gib diesen Link nur {0}: Wer ihn öffnet, setzt ein neues Passwort. Er wird nur jetzt gezeigt.";
        valid_until: "It works once, until {0}.", "Er gilt einmal, bis {0}.";
        copy: "Copy", "Kopieren";
        copied: "Copied.", "Kopiert.";
    }
}
