import sys

from ledger.devnet.command import main

sys.exit(main())
