//! The texts of the pages of a child.

texts! {
    ChildApp {
        you_have: "You have {0}", "Du hast {0}";
        done_of: "{0} of {1} done", "{0} von {1} geschafft";
        all_done: "Everything is done for today. Well done!", "Für heute ist alles geschafft. Super!";
        more_tasks: "More tasks", "Weitere Aufgaben";
        how_to: "Tap a task when you have done it.", "Tippe eine Aufgabe an, wenn du sie erledigt hast.";
        no_tasks: "There are no tasks for you yet. Ask your parents to add some.",
            "Es gibt noch keine Aufgaben für dich. Frage deine Eltern danach.";
        due: "for today", "für heute";
        due_by: "until {0}", "bis {0}";
        late: "late, but you can still do it", "spät, aber noch möglich";
        waiting: "Waiting for your parents. Tap to take it back.", "Wartet auf deine Eltern. Tippen nimmt es zurück.";
        done: "done", "erledigt";
        done_today: "done today", "heute erledigt";
        rejected: "not approved", "nicht bestätigt";
        rejected_why: "not approved: {0}", "nicht bestätigt: {0}";
        missed: "missed", "verpasst";
        skipped: "not needed today", "heute nicht nötig";
        paused: "day off", "freier Tag";
        upcoming: "not yet", "noch nicht";
        again_tomorrow: "again tomorrow", "wieder ab morgen";
        again_from: "again from {0}", "wieder ab {0}";
        no_more: "not possible any more", "nicht mehr möglich";
        by_parents: "your parents enter this", "tragen deine Eltern ein";
        week: "This week", "Diese Woche";
        day_counts: "counts", "zählt";
        day_open: "still open", "noch offen";
        day_neutral: "free", "frei";
        day_missed: "nothing", "nichts";
        goal: "My goal", "Mein Ziel";
        no_goal: "Choose a reward to save for.", "Suche dir eine Belohnung aus, für die du sparst.";
        to_rewards: "To the rewards", "Zu den Belohnungen";
        enough: "You have enough points for this!", "Dafür hast du genug Punkte!";
        recent: "What happened", "Was passiert ist";
        nothing_happened: "Nothing has happened yet. Do your first task!",
            "Es ist noch nichts passiert. Erledige deine erste Aufgabe!";
        newest_badge: "Your newest badge: {0}", "Dein neuestes Abzeichen: {0}";
        switch: "Somebody else", "Jemand anderes";
        switch_title: "Who are you?", "Wer bist du?";
        switch_current: "that is you now", "das bist du gerade";
        pin: "PIN", "PIN";
        open: "Open", "Öffnen";
        no_others: "No child uses this device yet.", "Dieses Gerät benutzt noch kein Kind.";
        add_child: "Connect the device with another child", "Das Gerät mit einem weiteren Kind verbinden";
        for_parents: "For parents: sign in", "Für Eltern: anmelden";
        wish: "I would like this", "Das wünsche ich mir";
        take_back: "Take it back", "Zurücknehmen";
        wished: "Waiting for your parents", "Wartet auf deine Eltern";
        save_for: "Save for this", "Dafür sparen";
        stop_saving: "No longer my goal", "Nicht mehr mein Ziel";
        no_rewards: "There are no rewards yet. Ask your parents to add some.",
            "Es gibt noch keine Belohnungen. Frage deine Eltern danach.";
        badges_yours: "Your badges", "Deine Abzeichen";
        badges_missing: "Badges that you can earn", "Abzeichen, die du bekommen kannst";
        no_badges: "You have no badge yet. The first one is not far away.",
            "Du hast noch kein Abzeichen. Das erste ist nicht weit.";
        value_of: "{0} of {1}", "{0} von {1}";
        next_grade: "{0} of {1} for {2}", "{0} von {1} für {2}";
        in_week: "this week: {0}", "diese Woche: {0}";
        in_month: "this month: {0}", "diesen Monat: {0}";
        rank: "Your rank", "Dein Rang";
        rank_next: "{0} until {1}", "{0} bis {1}";
        rank_last: "You have reached the highest rank!", "Du hast den höchsten Rang erreicht!";
    } counted {
        needed: ["you need {0} more point", "you need {0} more points"], ["dir fehlt noch {0} Punkt", "dir fehlen noch {0} Punkte"];
        badges_earned: ["{0} badge", "{0} badges"], ["{0} Abzeichen", "{0} Abzeichen"];
        times: ["{0} time", "{0} times"], ["{0} Mal", "{0} Mal"];
    }
}
