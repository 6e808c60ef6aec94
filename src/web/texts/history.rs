//! The texts of the history of a family or a child.

texts! {
    History {
        title: "History", "Verlauf";
        title_of: "History of {0}", "Verlauf von {0}";
        filters: "Filters", "Filter";
        child: "Child", "Kind";
        everybody: "All children", "Alle Kinder";
        kind: "What", "Was";
        everything: "Everything", "Alles";
        tasks: "Tasks", "Aufgaben";
        rewards: "Rewards", "Belohnungen";
        penalties: "Penalties", "Strafen";
        from: "From", "Von";
        to: "To", "Bis";
        show: "Show", "Anzeigen";
        show_all: "Show everything", "Alles zeigen";
        wrong_date: "This is not a date.", "Das ist kein Datum.";
        none: "Nothing has happened yet. What your children do appears here.",
            "Es ist noch nichts passiert. Was deine Kinder tun, erscheint hier.";
        none_found: "Nothing matches these filters. Change them, or show everything.",
            "Nichts passt zu diesen Filtern. Ändere sie, oder zeige alles.";
        page_of: "Page {0} of {1}", "Seite {0} von {1}";
        pages: "Pages of the list", "Seiten der Liste";
        newer: "Newer", "Neuere";
        older: "Older", "Ältere";
        save_as: "Save these entries as a file:", "Diese Einträge als Datei speichern:";
        csv: "table (CSV)", "Tabelle (CSV)";
        json: "for programs (JSON)", "für Programme (JSON)";
        choose_to_save: "Choose a child to save its entries as a file.",
            "Wähle ein Kind, um seine Einträge als Datei zu speichern.";
    } counted {
        count: ["{0} entry", "{0} entries"], ["{0} Eintrag", "{0} Einträge"];
    }
}
