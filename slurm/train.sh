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
#SBATCH --mem=32G
#SBATCH --time=04:00:00
#SBATCH --signal=SIGUSR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=/dev/null
set -euo pipefail

# sbatch runs a copy of this script, from anywhere: env.sh has said where the repository is. The log has
# no place yet, so where it has not, a file in the folder of submission says so.
[[ -z ${SLURM_JOB_ID:-} || -f ${ALPHANET_HOME:-}/slurm/common.sh ]] || exec 2>>"slurm-$SLURM_JOB_ID.out"
# shellcheck source=slurm/common.sh
source "${ALPHANET_HOME:?source slurm/env.sh first, then submit again}/slurm/common.sh"

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
