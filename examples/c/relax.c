/* Gradient descent on the energy of a hanging chain; runs without Python.
 *
 * chain.h is written by examples/kernels_as_c.py: value and gradient of the energy.
 */
#include <stdio.h>

#include "chain.h"

int main(void)
{
    double y[CHAIN_VALUE_AND_GRAD_Y_SIZE] = {0.0};
    double energy, slope[CHAIN_VALUE_AND_GRAD_GRAD_SIZE];
    for (int step = 0; step < 2000; step++) {
        int status = chain_value_and_grad(y, 40.0, &energy, slope);
        if (status != CHAIN_OK) {
            fprintf(stderr, "%s\n", chain_message(status));
            return 1;
        }
        for (int k = 0; k < CHAIN_VALUE_AND_GRAD_Y_SIZE; k++)
            y[k] -= 0.01 * slope[k];
    }
    printf("%a\n", energy);
    return 0;
}
