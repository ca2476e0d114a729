"""Values and rules that everything else speaks in; pure, standard library only."""
