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

# sbatch runs a copy of this script; Slurm knows where the original is. (/dev/null: see log_to_runs)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ! -f $here/env.sh ]]; then
  here=$(scontrol show job "$SLURM_JOB_ID" | sed -n 's/^ *Command=//p')
  here=${here%%/train.sh*}
fi
[[ -f $here/env.sh ]] || here=$SLURM_SUBMIT_DIR/slurm
[[ -f $here/env.sh ]] || { echo "error: no env.sh in $here" >"slurm-$SLURM_JOB_ID.out"; exit 2; }
# shellcheck source=slurm/env.sh
source "$here/env.sh"
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
