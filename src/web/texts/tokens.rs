//! The texts of the page of API tokens.

texts! {
    Tokens {
        title: "API tokens", "API-Token";
        lead: "With a token, a program of yours uses Goldstar in your name, within limits that you choose.",
            "Mit einem Token benutzt ein Programm von dir Goldstar in deinem Namen, in den Grenzen, die du wählst.";
        none: "There is none yet.", "Es gibt noch keines.";
        new: "Create a token", "Token erstellen";
        name: "What is it for?", "Wofür ist es?";
        scopes: "What it may do", "Was es darf";
        child: "About", "Über";
        all_children: "all children", "alle Kinder";
        ends: "Ends on", "Endet am";
        ends_hint: "Optional. Otherwise it ends when it was not used for a year.",
            "Freiwillig. Sonst endet es, wenn es ein Jahr nicht benutzt wurde.";
        create: "Create", "Erstellen";
        secret_title: "The token is ready", "Das Token ist fertig";
        secret: "Enter this token in the program. Whoever has it can do what you have chosen. It is shown only now.",
            "Trage dieses Token im Programm ein. Wer es hat, kann, was du gewählt hast. Es wird nur jetzt gezeigt.";
        created_again: "This token was created already, and it was shown. Revoke it and create another one if you do not have it.",
            "Dieses Token gibt es schon, und es wurde gezeigt. Widerrufe es und erstelle ein neues, wenn du es nicht hast.";
        revoke: "Revoke", "Widerrufen";
        revoked: "The token is revoked.", "Das Token ist widerrufen.";
        created: "created", "erstellt";
        used: "used", "benutzt";
        from: "from {0}", "von {0}";
        never_used: "never used", "nie benutzt";
        until: "until", "bis";
        only: "only {0}", "nur {0}";
        read: "See what you see", "Sehen, was du siehst";
        activate: "Record tasks and penalties, and undo", "Aufgaben und Strafen eintragen und rückgängig machen";
        requests: "Make and answer requests", "Anfragen stellen und beantworten";
        manage: "Change children, tasks, rewards and settings", "Kinder, Aufgaben, Belohnungen und Einstellungen ändern";
        admin_read: "Administrator: see everything", "Administrator: alles sehen";
        admin_write: "Administrator: change what needs no password",
            "Administrator: ändern, was kein Passwort braucht";
    }
}
