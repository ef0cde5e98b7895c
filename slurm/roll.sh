#!/usr/bin/env bash
# All rolling fits as a job array, one GPU a part; then a job that stitches the factor and evaluates it.
#
#   bash slurm/roll.sh variant=v2.1
#   bash slurm/roll.sh --array=1-40%10 --partition=gpu variant=v2.1 rolling.seeds=[0,1,2]
#
# It submits both jobs and ends, so bash will do; sbatch works too where a job may submit jobs.
# Words that begin with a dash go to sbatch, in place of the options below; the others are settings.
# Done fits are not repeated: after a failure the same line does what is left.
#SBATCH --job-name=alphanet-roll
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=12G
#SBATCH --time=12:00:00
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

submit() { # the array and what depends on it
  local array=(--array=1-8) both=() words=() fits after name
  if [[ -n ${SLURM_JOB_ID:-} ]]; then # inside a job, whose own variables are not for the new ones
    log_to_runs
    for name in "${!SLURM_@}"; do [[ $name == SLURM_CONF ]] || unset "$name"; done
  fi
  while (($#)); do
    case $1 in
      --config-dir) words+=("$1" "${2:-}"); shift ;;
      --config-dir=*) words+=("$1") ;;
      --array=* | --dependency=*) array+=("$1") ;;
      --*=*) both+=("$1") ;;
      -*) refuse "$1 was given to roll.sh" \
        "write options of sbatch as --name=value; a flag is the shell's SBATCH_* variable (man sbatch)" ;;
      *) words+=("$1") ;;
    esac
    shift || break
  done
  fits=$(sbatch --parsable "${both[@]}" "${array[@]}" "$ALPHANET_HOME/slurm/roll.sh" fits "${words[@]}")
  printf 'job %s: the fits\n' "$fits"
  # without --kill-on-invalid-dep a failed part would leave this job pending for ever
  after=$(sbatch --parsable "${both[@]}" "--dependency=afterok:$fits" --kill-on-invalid-dep=yes \
    --job-name=alphanet-stitch --gpus-per-node=0 "$ALPHANET_HOME/slurm/roll.sh" stitch "${words[@]}") ||
    refuse "sbatch took no job that stitches and evaluates after job $fits" \
      "scancel $fits, or let it train: the same line does what is left"
  printf 'job %s: stitches and evaluates after them\n' "$after"
  printf 'logs: %s\n' "$ALPHANET_RUNS/slurm"
}

prepare_words() {
  log_to_runs
  split_words "$@"
  check_tasks
  add_place
  use_cores
}

fits() { # one part of the list of fits
  prepare_words "$@"
  ((SLURM_ARRAY_TASK_MIN == 1 && SLURM_ARRAY_TASK_COUNT == SLURM_ARRAY_TASK_MAX)) ||
    refuse "the array is $SLURM_ARRAY_TASK_MIN to $SLURM_ARRAY_TASK_MAX in $SLURM_ARRAY_TASK_COUNT parts" \
      "--array=1-$SLURM_ARRAY_TASK_COUNT; done fits are not repeated"
  overrides+=("parts=$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT")
  launch roll
}

stitch() {
  prepare_words "$@"
  launch roll
  launch evaluate # last: its status is the job's
}

case ${1:-} in
  fits | stitch) "$@" ;;
  *) submit "$@" ;;
esac
