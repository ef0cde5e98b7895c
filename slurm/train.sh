#!/usr/bin/env bash
# One fit over all GPUs of the job, one process a GPU.
#
#   sbatch slurm/train.sh variant=v2.1
#   sbatch --nodes=1 --ntasks-per-node=2 --gpus-per-node=2 slurm/train.sh variant=v2.2 seed=3
#   sbatch --nodes=1 --ntasks-per-node=1 --gpus-per-node=0 slurm/train.sh      # without any GPU
#
# Words after the script are settings. Options before it replace the ones below.
#SBATCH --job-name=alphanet-train
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --time=04:00:00
#SBATCH --signal=SIGUSR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=/dev/null
set -euo pipefail

# The log is open once log_to_runs knows where; what goes wrong before has to be said somewhere too.
early=
if [[ -n ${SLURM_JOB_ID:-} && /dev/stderr -ef /dev/null && -w . ]]; then
  early=$PWD/slurm-$SLURM_JOB_ID.out
  exec 2>>"$early"
  trap 'echo "error: $0 ended with status $? before it had a log" >&2' EXIT
fi
# sbatch runs a copy of this script; Slurm knows where the original is.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ! -f $here/env.sh ]]; then
  here=$(scontrol show job "$SLURM_JOB_ID" | sed -n 's/^ *Command=//p') || here=
  here=${here%%/train.sh*}
fi
[[ -f $here/env.sh ]] || here=${SLURM_SUBMIT_DIR:-.}/slurm
[[ -f $here/env.sh ]] || { echo "error: no env.sh in $here" >&2; exit 2; }
set +eu # modules and environments are rarely written for these
# shellcheck source=slurm/env.sh
source "$here/env.sh"
set -eu
# shellcheck source=slurm/common.sh
source "$here/common.sh"

log_to_runs
split_words "$@"
check_tasks
add_place
use_cores
if ! given data.dates_per_step && ((SLURM_NTASKS > 1)); then
  overrides+=("data.dates_per_step=$SLURM_NTASKS")
  echo "data.dates_per_step=$SLURM_NTASKS: one date a task in every step; it is part of what the fit is"
fi
launch train # last: its status is the job's
