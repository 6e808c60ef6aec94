//! The texts of the progress of a child, for parents.

texts! {
    Progress {
        link: "Progress", "Fortschritt";
        title: "Progress of {0}", "Fortschritt von {0}";
        figures: "In numbers", "In Zahlen";
        today: "Today", "Heute";
        week: "This week", "Diese Woche";
        all_time: "Altogether", "Insgesamt";
        earned: "earned", "verdient";
        lost: "lost", "verloren";
        spent: "spent", "ausgegeben";
        tasks_done: "tasks", "Aufgaben";
        penalties: "penalties", "Strafen";
        points: "points", "Punkte";
        balance: "Points over time", "Punkte im Lauf der Zeit";
        by_week: "Points by week", "Punkte je Woche";
        by_month: "Points by month", "Punkte je Monat";
        show_weeks: "Weeks", "Wochen";
        show_months: "Months", "Monate";
        week_of: "Week from", "Woche ab";
        month: "Month", "Monat";
        start_of: "At the start of", "Am Anfang von";
        now: "now", "jetzt";
        as_table: "As a table", "Als Tabelle";
        streaks: "Days in a row", "Tage in Folge";
        streak_now: "now", "jetzt";
        streak_longest: "longest", "längste";
        rank: "Rank", "Rang";
        badges: "Badges", "Abzeichen";
        no_badges: "No badge yet. Badges come by themselves with tasks and streaks.",
            "Noch kein Abzeichen. Abzeichen kommen mit Aufgaben und Serien von selbst.";
        certificate: "Certificate", "Urkunde";
        months: "Certificates of the last months", "Urkunden der letzten Monate";
        used: "Most done in these weeks or months", "Am häufigsten in diesen Wochen oder Monaten";
        nothing_used: "Nothing was done in this time.", "In dieser Zeit wurde nichts erledigt.";
        ranking: "This week in the family", "Diese Woche in der Familie";
        place: "Place", "Platz";
    } counted {
        times: ["{0} time", "{0} times"], ["{0} Mal", "{0} Mal"];
    }
}
