/* What becomes of scores: a value, a label, probabilities. The names and rules are those of read/outputs.py. */
#include "model.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {"value", "exp", "sigmoid", "label", "logistic", "logistic_closed", "exponential",
                                    "softmax", "one_vs_rest", "modified_huber", "probability", "samme", "one_vs_one",
                                    "one_vs_one_ties", "one_vs_one_calibrated", "gaussian_process", "gaussian_process_votes"};

int output_named(Model *model, const char *name) {
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++)
        if (!strcmp(name, names[i])) return model->output = (enum Output)i, 1;
    return 0;
}

const char *output_misfit(Model *model) {
    ptrdiff_t k = model->n_scores, classes = model->n_classes;
    int one = classes == 2 && k == 1, all = classes >= 2 && k == classes, fits = 0;
    switch (model->output) {
    case VALUE: case EXP: case SIGMOID: fits = classes == 0 && k == 1; break;
    case LOGISTIC: case LOGISTIC_CLOSED: case EXPONENTIAL: fits = one; break;
    case LABEL: case MODIFIED_HUBER: case SAMME: case GAUSSIAN_PROCESS: fits = one || (all && classes > 2); break;
    case SOFTMAX: case ONE_VS_REST: fits = all; break;
    case PROBABILITY: fits = all || (classes == 1 && k == 1); break;
    default: fits = classes >= 2 && classes < 46341 && k == classes * (classes - 1) / 2;
    }
    if (!fits) return "its output does not fit its scores";
    int pairs = model->output == ONE_VS_ONE || model->output == ONE_VS_ONE_TIES || model->output == ONE_VS_ONE_CALIBRATED;
    if (model->platt && !pairs) return "only pairs of classes have Platt's probabilities";
    if (pairs) model->has_probabilities = model->platt != NULL;
    else model->has_probabilities = classes > 0 && model->output != LABEL && model->output != GAUSSIAN_PROCESS_VOTES;
    return NULL;
}

int output_needs_variances(const Model *model, int probabilities) {
    if (model->output == GAUSSIAN_PROCESS_VOTES) return 1;
    return model->output == GAUSSIAN_PROCESS && (probabilities || model->n_scores > 1);
}

size_t output_work(const Model *model) {
    size_t n = (size_t)(model->n_classes > model->n_scores ? model->n_classes : model->n_scores);
    size_t classes = (size_t)model->n_classes;
    return 3 * n + (model->platt ? 2 * classes * classes + classes : 0);
}

static double sigmoid(double value) { return 1.0 / (1.0 + exp(-value)); }

/* As XGBoost computes it. */
static float sigmoid_single(float value) {
    float power = -value < 88.7f ? -value : 88.7f;
    return 1.0f / (expf(power) + 1.0f);
}

static ptrdiff_t first_highest(const double *values, ptrdiff_t n) {
    ptrdiff_t best = 0;
    for (ptrdiff_t i = 1; i < n; i++)
        if (values[i] > values[best]) best = i;
    return best;
}

static void softmax(const double *scores, ptrdiff_t k, double *result) {
    double highest = scores[first_highest(scores, k)], total = 0.0;
    for (ptrdiff_t i = 0; i < k; i++) total += result[i] = exp(scores[i] - highest);
    for (ptrdiff_t i = 0; i < k; i++) result[i] /= total;
}

static void softmax_single(const double *scores, ptrdiff_t k, double *result) {
    double highest = scores[first_highest(scores, k)], total = 0.0;
    for (ptrdiff_t i = 0; i < k; i++) total += result[i] = expf((float)scores[i] - (float)highest);
    for (ptrdiff_t i = 0; i < k; i++) result[i] = (float)result[i] / (float)total;
}

/* Two probabilities of one, or the parts divided by their sum; where they are all zero, each is `nothing`. */
static void shares(double *parts, ptrdiff_t k, double nothing) {
    if (k == 1) {
        parts[1] = parts[0];
        parts[0] = 1.0 - parts[1];
        return;
    }
    double total = 0.0;
    for (ptrdiff_t i = 0; i < k; i++) total += parts[i];
    for (ptrdiff_t i = 0; i < k; i++) parts[i] = total == 0 ? nothing : parts[i] / total;
}

/* Williams and Barber's approximation of the mean of the logistic function of a Gaussian. */
static void gaussian(const double *means, const double *variances, ptrdiff_t k, double *result) {
    static const double lambdas[] = {0.41, 0.4, 0.37, 0.44, 0.39};
    static const double coefficients[] = {-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654};
    for (ptrdiff_t i = 0; i < k; i++) {
        double total = 0.0, sum = 0.0;
        for (int j = 0; j < 5; j++) {
            total += coefficients[j] * (0.5 * erf(lambdas[j] * means[i] / sqrt(1.0 + 2.0 * variances[i] * lambdas[j] * lambdas[j])));
            sum += coefficients[j];
        }
        result[i] = total + 0.5 * sum;
    }
}

static void libsvm_votes(const double *scores, ptrdiff_t n, double *votes) {
    memset(votes, 0, (size_t)n * sizeof *votes);
    for (ptrdiff_t i = 0; i < n; i++)
        for (ptrdiff_t j = i + 1; j < n; j++) votes[*scores++ > 0 ? i : j] += 1.0;
}

/* The votes plus what breaks ties: the summed confidence, squeezed into (-1/3, 1/3). The second class of a pair wins
 * where sign * score is above zero; its confidence is the other array, or sign * score. */
static void votes_and_confidence(const double *scores, double sign, const double *confidences, ptrdiff_t n, double *votes,
                                 double *sums) {
    memset(votes, 0, (size_t)n * sizeof *votes);
    memset(sums, 0, (size_t)n * sizeof *sums);
    ptrdiff_t pair = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        for (ptrdiff_t j = i + 1; j < n; j++, pair++) {
            double score = sign * scores[pair], confidence = confidences ? confidences[pair] : score;
            votes[score > 0 ? j : i] += 1.0;
            sums[i] -= confidence;
            sums[j] += confidence;
        }
    for (ptrdiff_t i = 0; i < n; i++) votes[i] += sums[i] / (3.0 * (fabs(sums[i]) + 1.0));
}

/* The class probabilities that fit those of pairs best: Wu, Lin and Weng (2004), second method, with libsvm's
 * tolerance and number of rounds. */
static void coupled(const Model *model, const double *scores, double *p, double *work) {
    ptrdiff_t n = model->n_classes, pair = 0;
    double *r = work, *q = r + n * n, *qp = q + n * n;
    for (ptrdiff_t i = 0; i < n; i++)
        for (ptrdiff_t j = i + 1; j < n; j++, pair++) {
            double first = sigmoid(-(scores[pair] * model->platt[pair] + model->platt[model->n_scores + pair]));
            first = first < 1e-7 ? 1e-7 : first > 1.0 - 1e-7 ? 1.0 - 1e-7 : first;
            r[i * n + j] = first;
            r[j * n + i] = 1.0 - first;
        }
    for (ptrdiff_t i = 0; i < n; i++) {
        double sum = 0.0;
        for (ptrdiff_t j = 0; j < n; j++) {
            if (j == i) continue;
            q[i * n + j] = -r[j * n + i] * r[i * n + j];
            sum += r[j * n + i] * r[j * n + i];
        }
        q[i * n + i] = sum;
        p[i] = 1.0 / (double)n;
    }
    for (ptrdiff_t round = 0; round < (n > 100 ? n : 100); round++) {
        double pqp = 0.0, error = 0.0;
        for (ptrdiff_t i = 0; i < n; i++) {
            qp[i] = 0.0;
            for (ptrdiff_t j = 0; j < n; j++) qp[i] += q[i * n + j] * p[j];
        }
        for (ptrdiff_t i = 0; i < n; i++) pqp += p[i] * qp[i];
        for (ptrdiff_t i = 0; i < n; i++) error = fabs(qp[i] - pqp) > error ? fabs(qp[i] - pqp) : error;
        if (error < 0.005 / (double)n) break;
        for (ptrdiff_t i = 0; i < n; i++) {
            double step = (pqp - qp[i]) / q[i * n + i];
            p[i] += step;
            pqp = (pqp + step * (step * q[i * n + i] + 2.0 * qp[i])) / (1.0 + step) / (1.0 + step);
            for (ptrdiff_t j = 0; j < n; j++) {
                qp[j] = (qp[j] + step * q[i * n + j]) / (1.0 + step);
                p[j] /= 1.0 + step;
            }
        }
    }
}

/* The probability of each class by a calibration of its own. */
static void calibrated(const Model *model, const double *scores, double *result, double *sums) {
    ptrdiff_t n = model->n_classes;
    votes_and_confidence(scores, -1.0, NULL, n, result, sums);
    for (ptrdiff_t i = 0; i < n; i++) result[i] = sigmoid(-(result[i] * model->platt[i] + model->platt[n + i]));
    shares(result, n, 1.0 / (double)n);
}

void output_probabilities(const Model *model, const double *scores, const double *variances, double *result, double *work) {
    ptrdiff_t k = model->n_scores;
    switch (model->output) {
    case LOGISTIC: case LOGISTIC_CLOSED: case EXPONENTIAL:
        if (model->single && model->output != EXPONENTIAL) {
            float second = sigmoid_single((float)scores[0]);
            result[0] = 1.0f - second;
            result[1] = second;
        } else {
            result[0] = sigmoid(model->output == EXPONENTIAL ? 2.0 * scores[0] : scores[0]);
            shares(result, 1, 0.0);
        }
        break;
    case SOFTMAX:
        if (model->single) softmax_single(scores, k, result);
        else softmax(scores, k, result);
        break;
    case ONE_VS_REST:
        for (ptrdiff_t i = 0; i < k; i++) result[i] = sigmoid(scores[i]);
        shares(result, k, 1.0 / (double)k);
        break;
    case MODIFIED_HUBER:
        for (ptrdiff_t i = 0; i < k; i++) {
            double bounded = scores[i] > -1.0 ? scores[i] : -1.0;
            result[i] = ((bounded < 1.0 ? bounded : 1.0) + 1.0) / 2.0;
        }
        shares(result, k, 1.0 / (double)k);
        break;
    case SAMME:
        if (k == 1) work[0] = -scores[0] / 2.0, work[1] = scores[0] / 2.0;
        else for (ptrdiff_t i = 0; i < k; i++) work[i] = scores[i] / (double)(k - 1);
        softmax(work, k == 1 ? 2 : k, result);
        break;
    case GAUSSIAN_PROCESS:
        gaussian(scores, variances, k, result);
        shares(result, k, 0.0);
        break;
    case ONE_VS_ONE_CALIBRATED:
        calibrated(model, scores, result, work);
        break;
    case ONE_VS_ONE: case ONE_VS_ONE_TIES:
        coupled(model, scores, result, work);
        break;
    default:
        memcpy(result, scores, (size_t)k * sizeof *scores);
    }
}

static ptrdiff_t label_index(const Model *model, const double *scores, const double *variances, double *work) {
    ptrdiff_t k = model->n_scores, n = model->n_classes;
    double *votes = work, *sums = work + n, *confidences = work + 2 * n;
    switch (model->output) {
    case ONE_VS_ONE:
        libsvm_votes(scores, n, votes);
        return first_highest(votes, n);
    case ONE_VS_ONE_TIES:
        votes_and_confidence(scores, -1.0, NULL, n, votes, sums);
        return first_highest(votes, n);
    case ONE_VS_ONE_CALIBRATED:
        calibrated(model, scores, votes, sums);
        return first_highest(votes, n);
    case GAUSSIAN_PROCESS_VOTES:
        gaussian(scores, variances, k, confidences);
        votes_and_confidence(scores, 1.0, confidences, n, votes, sums);
        return first_highest(votes, n);
    case GAUSSIAN_PROCESS:
        if (k == 1) return scores[0] > 0;
        gaussian(scores, variances, k, work);
        return first_highest(work, k);
    case LOGISTIC_CLOSED: case EXPONENTIAL:
        return scores[0] >= 0;
    case LOGISTIC: case SOFTMAX:
        if (model->single) {
            output_probabilities(model, scores, variances, work, work + n);
            return first_highest(work, n);
        }
        break;
    default:;
    }
    return n == 1 ? 0 : k == 1 ? scores[0] > 0 : first_highest(scores, k);
}

double output_answer(const Model *model, const double *scores, const double *variances, double *work) {
    switch (model->output) {
    case VALUE: return scores[0];
    case EXP: return model->single ? (double)expf((float)scores[0]) : exp(scores[0]);
    case SIGMOID: return model->single ? (double)sigmoid_single((float)scores[0]) : sigmoid(scores[0]);
    default: return model->classes[label_index(model, scores, variances, work)];
    }
}
