//! The texts of the pages of webhooks.

texts! {
    Hooks {
        title: "Webhooks", "Webhooks";
        lead: "A webhook sends what happens in the family to a program of yours, such as Home Assistant.",
            "Ein Webhook schickt an ein Programm von dir, was in der Familie passiert, zum Beispiel an Home Assistant.";
        none: "There is none yet.", "Es gibt noch keinen.";
        new: "Add a webhook", "Webhook hinzufügen";
        url: "Address (https)", "Adresse (https)";
        events: "What it sends", "Was er schickt";
        child: "About", "Über";
        whole_family: "the whole family", "die ganze Familie";
        create: "Create", "Erstellen";
        secret_title: "The secret of the webhook", "Das Geheimnis des Webhooks";
        secret: "Enter this secret in the program: with it, the program knows that a message is from here. It is shown only now.",
            "Trage dieses Geheimnis im Programm ein: Damit weiß das Programm, dass eine Nachricht von hier kommt. Es wird nur jetzt gezeigt.";
        created_again: "This webhook was created already, and its secret was shown. Create a new secret if you do not have it.",
            "Diesen Webhook gibt es schon, und sein Geheimnis wurde gezeigt. Erstelle ein neues, wenn du es nicht hast.";
        works: "works", "funktioniert";
        off: "switched off", "abgeschaltet";
        off_gone: "switched off: the receiver does not exist any more",
            "abgeschaltet: den Empfänger gibt es nicht mehr";
        off_failing: "switched off: nothing was delivered for five days",
            "abgeschaltet: fünf Tage lang kam nichts an";
        failing: "fails, next attempt {0}", "schlägt fehl, nächster Versuch {0}";
        enabled: "Switched on", "Eingeschaltet";
        edit: "Change", "Ändern";
        saved: "Saved.", "Gespeichert.";
        test: "Send a test message", "Testnachricht schicken";
        sent: "The message will be sent in a moment. Its result appears in the list below.",
            "Die Nachricht wird gleich geschickt. Ihr Ergebnis erscheint in der Liste.";
        rotate: "Create a new secret", "Neues Geheimnis erstellen";
        rotate_hint: "For 24 hours, messages are signed with both secrets.",
            "24 Stunden lang werden Nachrichten mit beiden Geheimnissen unterschrieben.";
        delete: "Delete", "Löschen";
        delete_hint: "It sends nothing any more. This cannot be undone.",
            "Er schickt nichts mehr. Das lässt sich nicht rückgängig machen.";
        deleted: "The webhook is deleted.", "Der Webhook ist gelöscht.";
        deliveries: "Last messages", "Letzte Nachrichten";
        no_deliveries: "Nothing was sent yet. Send a test message.",
            "Es wurde noch nichts geschickt. Schicke eine Testnachricht.";
        delivered: "delivered", "angekommen";
        retrying: "not delivered yet, is tried again", "noch nicht angekommen, wird wiederholt";
        failed: "not delivered", "nicht angekommen";
        answer: "answer {0}", "Antwort {0}";
        milliseconds: "{0} ms", "{0} ms";
        resend: "Send again", "Noch einmal schicken";
        error_forbidden: "this server may not send to the address", "dieser Server darf nicht an die Adresse schicken";
        error_unresolved: "the name has no address", "der Name hat keine Adresse";
        error_unreachable: "no connection", "keine Verbindung";
        error_tls: "no valid certificate", "kein gültiges Zertifikat";
        error_protocol: "no answer in HTTP", "keine Antwort in HTTP";
        error_timeout: "no answer in time", "keine Antwort in der Zeit";
        event_tracking: "everything that changes points, and requests", "alles, was Punkte ändert, und Anfragen";
        event_request: "a request has ended", "eine Anfrage ist beendet";
        event_badge: "a badge was earned", "ein Abzeichen wurde verdient";
        event_badge_revoked: "a badge was taken back", "ein Abzeichen wurde zurückgenommen";
        event_rank: "a rank has changed", "ein Rang hat sich geändert";
        event_due: "a task is due", "eine Aufgabe ist fällig";
        event_late: "a task is late", "eine Aufgabe ist überfällig";
        event_missed: "a task was missed", "eine Aufgabe wurde verpasst";
        event_done: "a task was done", "eine Aufgabe ist erledigt";
        event_summary: "a summary of the tasks", "eine Übersicht der Aufgaben";
        event_records: "tasks, rewards or children have changed", "Aufgaben, Belohnungen oder Kinder haben sich geändert";
        event_test: "a test message", "eine Testnachricht";
    }
    counted {
        attempts: ["{0} attempt", "{0} attempts"], ["{0} Versuch", "{0} Versuche"];
    }
}
