#!/bin/bash
# A placeholder for `zappa update`, `sam deploy` or the like. It only prints what it would deploy.
echo "Would deploy $LAMBCI_REPO at ${LAMBCI_COMMIT:0:10} to the stage $LAMBCI_STAGE"
