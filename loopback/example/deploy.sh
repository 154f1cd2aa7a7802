#!/bin/bash
# Stands for "zappa update", "sam deploy" and the like: it says what it would do.
echo "Would deploy $LAMBCI_REPO at ${LAMBCI_COMMIT:0:10} to the stage $LAMBCI_STAGE"
