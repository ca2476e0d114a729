"""``python -m lateen.cli`` is the command `lateen`."""

from lateen.cli.main import main

main()
